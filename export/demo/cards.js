// Shows, for the word under the pointer or the focus, how much it looked at each word of the post.
for (const [event, shown] of [["mouseover", true], ["focusin", true], ["mouseout", false], ["focusout", false]]) {
  document.addEventListener(event, ({ target }) => {
    if (!target.classList?.contains("ecm-word")) return;
    const shares = target.dataset.attention.split(" ");
    const tokens = target.closest(".ecm-card").querySelectorAll(".ecm-token");
    tokens.forEach((token, place) => {
      token.style.setProperty("--share", shown ? `${100 * shares[place]}%` : "0%");
      token.title = shown ? `${Math.round(100 * shares[place])} %` : "";
    });
  });
}
