/**
 * Whatever scrolls by itself can be reached by the keyboard while it does, and only then: long code, wide tables and formulas.
 * Their sizes change when tabs and folded notes open, so they are observed.
 */

const SCROLLS = "pre > code, .md-typeset__scrollwrap, div.arithmatex";

const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth + 1) target.setAttribute("tabindex", "0");
    else target.removeAttribute("tabindex");
  }
});

/** @param {HTMLElement} root */
export function keepReachable(root) {
  for (const element of root.querySelectorAll(SCROLLS)) {
    observer.unobserve(element); // observing anew looks once more, also when only the content has grown
    observer.observe(element);
  }
}
