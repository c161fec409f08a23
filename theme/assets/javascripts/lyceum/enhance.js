/**
 * Everything that text needs beyond HTML and CSS, for the whole page or for a part that was just put in. Big libraries are
 * fetched only where something needs them. For the page itself Material's script already adds copy buttons, scrolling tables
 * and tab indicators; an injected part gets the same here.
 */

import { addCopyButtons } from "./code.js";
import { keepReachable } from "./scrolling.js";
import { wrapTables } from "./tables.js";
import { nameTasks } from "./tasks.js";

/**
 * @param {HTMLElement} root
 * @param {{ injected?: boolean }} [options]
 */
export function enhance(root, { injected = false } = {}) {
  if (injected) {
    addCopyButtons(root);
    wrapTables(root);
    keepReachable(root);
  } else {
    addEventListener("load", () => keepReachable(root)); // Material has wrapped the tables by then
  }
  nameTasks(root);
  if (root.querySelector(".lyceum-diagram")) {
    void import("./diagrams.js").then((module) => module.drawDiagrams(root));
  }
  if (root.querySelector(".arithmatex")) {
    void import("./mathematics.js").then((module) => module.setFormulas(root));
  }
}
