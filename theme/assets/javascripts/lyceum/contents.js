/**
 * The table of contents follows the part: its headings are added when it is unlocked, marked while they are read, and removed
 * with it. Material's script marks the page's own headings; while the part is being read its mark is muted by the style sheet.
 */

const HEADINGS = "h2[id], h3[id]";

/** @type {Element[]} */
let added = [];
/** @type {AbortController | null} */
let watching = null;

/** @param {HTMLElement} section an unlocked part */
export function addToContents(section) {
  const headings = /** @type {HTMLElement[]} */ ([...section.querySelectorAll(HEADINGS)]);
  if (headings.length === 0) return;
  const side = document.querySelector("[data-lyceum-contents] > .md-nav__list");
  const inline = document.querySelector("[data-lyceum-contents-inline] > ul");
  /** @type {Map<HTMLElement, HTMLAnchorElement>} */
  const links = new Map();
  for (const heading of headings) {
    if (side) {
      const link = entry(heading);
      link.className = `md-nav__link lyceum-contents__link--${heading.localName}`;
      append(side, link, "md-nav__item");
      links.set(heading, link);
    }
    if (inline && heading.localName === "h2") append(inline, entry(heading), "");
  }
  for (const list of [side, inline]) {
    const frame = list?.parentElement;
    if (frame) frame.hidden = false;
  }
  watching = new AbortController();
  addEventListener("scroll", () => mark(section, links), { passive: true, signal: watching.signal });
  mark(section, links);
}

export function removeFromContents() {
  watching?.abort();
  for (const item of added) item.remove();
  added = [];
  const frame = document.querySelector("[data-lyceum-contents]");
  frame?.removeAttribute("data-in-part");
  for (const list of document.querySelectorAll("[data-lyceum-contents] > .md-nav__list, [data-lyceum-contents-inline] > ul")) {
    if (list.childElementCount === 0 && list.parentElement) list.parentElement.hidden = true;
  }
}

/** @param {HTMLElement} heading */
function entry(heading) {
  const copy = /** @type {HTMLElement} */ (heading.cloneNode(true));
  for (const extra of copy.querySelectorAll(".headerlink, .footnote-ref")) extra.remove();
  const link = document.createElement("a");
  link.href = `#${heading.id}`;
  link.textContent = (copy.textContent ?? "").trim();
  return link;
}

/**
 * @param {Element} list
 * @param {HTMLAnchorElement} link
 * @param {string} className
 */
function append(list, link, className) {
  const item = document.createElement("li");
  if (className) item.className = className;
  item.append(link);
  list.append(item);
  added.push(item);
}

/**
 * Marks the heading under which the top of the window stands.
 * @param {HTMLElement} section
 * @param {Map<HTMLElement, HTMLAnchorElement>} links
 */
function mark(section, links) {
  const line = parseFloat(getComputedStyle(section).scrollMarginTop) + 24;
  let current = null;
  for (const heading of links.keys()) {
    if (heading.getBoundingClientRect().top <= line) current = heading;
  }
  for (const [heading, link] of links) link.classList.toggle("lyceum-contents__link--current", heading === current);
  document.querySelector("[data-lyceum-contents]")?.toggleAttribute("data-in-part", current !== null);
}
