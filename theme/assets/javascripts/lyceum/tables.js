/**
 * Wide tables scroll by themselves instead of the page; the wrappers are those that Material puts around the page's own.
 * @param {HTMLElement} root
 */
export function wrapTables(root) {
  for (const table of root.querySelectorAll("table:not([class])")) {
    if (table.closest(".md-typeset__table")) continue;
    const outer = document.createElement("div");
    outer.className = "md-typeset__scrollwrap";
    const inner = document.createElement("div");
    inner.className = "md-typeset__table";
    outer.append(inner);
    table.replaceWith(outer);
    inner.append(table);
  }
}
