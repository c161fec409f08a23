/**
 * TeX formulas by KaTeX, fetched with its style sheet when the first formula is met. A formula that KaTeX cannot read stays as
 * its source, marked as wrong.
 */

import { keepReachable } from "./scrolling.js";

const VENDOR = new URL("../../vendor/katex/", import.meta.url);
const DELIMITERS = /^\\([([])([\s\S]*)\\[)\]]$/;

/** @type {Promise<any> | undefined} */
let loading;

function katex() {
  loading ??= (async () => {
    const sheet = document.createElement("link");
    sheet.rel = "stylesheet";
    sheet.href = new URL("katex.min.css", VENDOR).href;
    document.head.append(sheet);
    await import(new URL("katex.min.js", VENDOR).href);
    return /** @type {any} */ (globalThis).katex;
  })();
  return loading;
}

/** @param {HTMLElement} root */
export async function setFormulas(root) {
  const { render } = await katex();
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(".arithmatex:not([data-set])"))) {
    const [, bracket, source] = DELIMITERS.exec((element.textContent ?? "").trim()) ?? [];
    if (source === undefined) continue;
    render(source, element, { displayMode: bracket === "[", throwOnError: false, errorColor: "currentColor" });
    element.dataset.set = "";
  }
  keepReachable(root);
}
