/**
 * Opens and closes the search box: by its button, or by `/`, `f` or `s` as everywhere in Material. What the box does is fetched when it is
 * first opened; what the reader types meanwhile stands in it already.
 */

const KEYS = new Set(["/", "f", "s"]);

export function offerSearch() {
  const root = document.querySelector("[data-lyceum-search]");
  const button = root?.querySelector(".lyceum-search__open");
  const dialog = root?.querySelector("dialog");
  if (!(root instanceof HTMLElement) || !(button instanceof HTMLElement) || !dialog) return;
  /** @type {Promise<unknown> | undefined} */
  let attended;

  const open = () => {
    if (dialog.open) return;
    const place = button.getBoundingClientRect();
    dialog.style.setProperty("--lyceum-search-top", `${place.top}px`);
    dialog.style.setProperty("--lyceum-search-end", `${document.documentElement.clientWidth - place.right}px`);
    dialog.showModal();
    dialog.querySelector("input")?.select();
    attended ??= import("./box.js").then((module) => module.attend(root, dialog));
  };

  root.hidden = false;
  button.addEventListener("click", open);
  dialog.addEventListener("click", (event) => {
    const pressed = event.target instanceof Element ? event.target : null;
    if (pressed === dialog || pressed?.closest("a, .lyceum-search__close")) dialog.close(); // the dialog itself: beside its content
  });
  document.addEventListener("keydown", (event) => {
    if (!KEYS.has(event.key) || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    event.preventDefault();
    open();
  });
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.closest("input, textarea, select") !== null);
}
