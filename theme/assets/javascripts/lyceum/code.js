/**
 * Copy buttons on code that came after Material had looked. They are built as Material builds its own; its listener, which
 * sits on the document, does the copying and says so.
 */

let count = 0;

/** @param {HTMLElement} root */
export function addCopyButtons(root) {
  for (const code of root.querySelectorAll("pre > code")) {
    const block = /** @type {HTMLElement} */ (code.parentElement);
    if (block.matches(".lyceum-diagram, :has(> .md-code__nav)") || code.closest(".linenos")) continue;
    count += 1;
    block.id = `__part_code_${count}`;
    const button = document.createElement("button");
    button.className = "md-code__button";
    button.type = "button";
    button.title = copyTitle();
    button.dataset.clipboardTarget = `#${block.id} > code`;
    button.dataset.mdType = "copy";
    const nav = document.createElement("nav");
    nav.className = "md-code__nav";
    nav.append(button);
    block.insertBefore(nav, code);
  }
}

/** Material's own words in the page's language. */
function copyTitle() {
  const settings = JSON.parse(document.getElementById("__config")?.textContent ?? "{}");
  return settings.translations?.["clipboard.copy"] ?? "Copy";
}
