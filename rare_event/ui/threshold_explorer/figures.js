// @ts-check
// The figures at the threshold, above the charts. The charts publish them with every frame that they
// draw; nothing is computed here, and nothing is sent.

/**
 * @typedef {object} Published
 * @property {Record<string, string>} figures
 * @property {Record<string, string | number>} words
 * @property {boolean} judged
 */

/** @param {{ parentElement: HTMLElement }} given */
export default function figures({ parentElement }) {
  /** @type {(selector: string) => NodeListOf<HTMLElement>} */
  const every = (selector) => parentElement.querySelectorAll(selector);
  const cells = every("[data-figure]");
  const labels = every("[data-word]");
  /** @param {HTMLElement} node @param {string} text */
  const write = (node, text) => {
    if (node.textContent !== text) node.textContent = text;
  };
  /** @param {Event} event */
  const show = (event) => {
    const { figures, words, judged } = /** @type {CustomEvent<Published>} */ (event).detail;
    for (const cell of cells) write(cell, figures[cell.dataset.figure ?? ""] ?? "");
    for (const label of labels) write(label, String(words[label.dataset.word ?? ""]));
    for (const cell of every(".of-events")) cell.hidden = !judged;
    for (const cell of every(".without-events")) cell.hidden = judged;
  };
  document.addEventListener("rare-event-figures", show);
  // The charts may have been drawn before.
  document.dispatchEvent(new Event("rare-event-figures-wanted"));
  return () => document.removeEventListener("rare-event-figures", show);
}
