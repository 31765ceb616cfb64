// Shows the attention of the word under the pointer, or else of the word with the focus, over the words of the post.
for (const event of ["mouseover", "mouseout", "focusin", "focusout"]) {
  document.addEventListener(event, ({ target }) => {
    if (!target.classList?.contains("ecm-word")) return;
    const card = target.closest(".ecm-card");
    const word = card.querySelector(".ecm-word:hover") ?? card.querySelector(".ecm-word:focus");
    const weights = word?.dataset.attention.split(" ");
    card.querySelectorAll(".ecm-token").forEach((token, position) => {
      token.style.setProperty("--attention", weights ? `${100 * weights[position]}%` : "0%");
    });
  });
}
