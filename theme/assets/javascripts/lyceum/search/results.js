/** The results of a search as the reader sees them: by course, the course of the best result first. */

/** @typedef {import("./worker.js").Group} Group */
/** @typedef {import("./worker.js").Result} Result */

/**
 * @param {HTMLElement} list where they are shown instead of what stands there
 * @param {HTMLElement} box holds the marks of locked lessons as templates
 * @param {Group[]} groups
 */
export function show(list, box, groups) {
  list.replaceChildren(...groups.map((group, number) => section(group, number, box)));
}

/**
 * @param {Group} group
 * @param {number} number
 * @param {HTMLElement} box
 */
function section({ course, language, results }, number, box) {
  const made = element("section", "lyceum-search__group");
  const heading = element("h2", "lyceum-search__course", course);
  heading.id = `lyceum-search-${number}`;
  heading.lang = language;
  made.setAttribute("aria-labelledby", heading.id);
  const items = element("ol", "lyceum-search__items");
  items.append(...results.map((result) => item(result, box)));
  made.append(heading, items);
  return made;
}

/**
 * @param {Result} result
 * @param {HTMLElement} box
 */
function item(result, box) {
  const made = element("li", "lyceum-search__item");
  made.lang = result.language;
  const link = /** @type {HTMLAnchorElement} */ (element("a", "lyceum-search__link"));
  link.href = result.url;
  const title = element("span", "lyceum-search__title", result.title);
  const template = box.querySelector(`template[data-access="${CSS.escape(result.access)}"]`);
  if (template instanceof HTMLTemplateElement) title.append(" ", template.content.cloneNode(true));
  const text = element("span", "lyceum-search__excerpt");
  text.append(...result.excerpt.map((piece) => (piece.isMatch ? element("mark", "", piece.text) : piece.text)));
  link.append(title, text);
  made.append(link);
  if (result.sections.length > 0) {
    const sections = element("ul", "lyceum-search__sections");
    for (const { title: name, url } of result.sections) {
      const inner = /** @type {HTMLAnchorElement} */ (element("a", "", name));
      inner.href = url;
      const entry = element("li", "");
      entry.append(inner);
      sections.append(entry);
    }
    made.append(sections);
  }
  return made;
}

/**
 * @param {string} name
 * @param {string} className
 * @param {string} [text]
 */
function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
