// Shows the attention of the word under the pointer or the focus over the words of the post.
for (const [event, isShown] of [["mouseover", true], ["focusin", true], ["mouseout", false], ["focusout", false]]) {
  document.addEventListener(event, ({ target }) => {
    if (!target.classList?.contains("ecm-word")) return;
    const weights = target.dataset.attention.split(" ");
    const tokens = target.closest(".ecm-card").querySelectorAll(".ecm-token");
    tokens.forEach((token, position) => {
      token.style.setProperty("--attention", isShown ? `${100 * weights[position]}%` : "0%");
      token.title = isShown ? `${Math.round(100 * weights[position])} %` : "";
    });
  });
}
