/**
 * Puts a list in the place of the one that stands in the page. Titles are set as text, never as HTML; the words come from the page's templates.
 *
 * @typedef {import("./choosing.js").Chosen} Chosen
 * @typedef {import("./school.js").School} School
 */

const ACCESS = ["free", "member", "paid"];

export class List {
  /** @param {HTMLElement} section */
  constructor(section) {
    this.section = section;
    this.items = /** @type {HTMLElement} */ (section.querySelector(".lyceum-related__list"));
    this.words = section.querySelector("template.lyceum-related__words") ?? document.createElement("template");
    this.language = document.documentElement.lang.slice(0, 2);
    this.course = -1; // that of the page's lesson: its title need not be said again
    this.root = new URL(section.dataset.site ?? "", document.baseURI);
  }

  get length() {
    return this.items.children.length;
  }

  /**
   * @param {Chosen[]} chosen
   * @param {School} school
   * @param {{ isMine: boolean }} options  isMine: says that this is from what the browser remembers
   */
  show(chosen, school, { isMine }) {
    const own = this.section.dataset.lesson;
    this.course = [...school.lessons.values()].find(({ id }) => id === own)?.course ?? -1;
    this.items.replaceChildren(...chosen.map((one, place) => this.item(one, school, place + 1)));
    this.section.querySelector(".lyceum-related__mine")?.remove();
    if (isMine) this.items.before(element("p", "lyceum-related__mine", this.word("mine")));
  }

  /**
   * @param {Chosen} one
   * @param {School} school
   * @param {number} place
   */
  item({ lesson, reason, subject, explored }, school, place) {
    const course = school.courses[lesson.course];
    const why = element("p", `lyceum-related__reason lyceum-related__reason--${reason}`);
    const template = this.section.querySelector(`template[data-reason="${reason}"]`);
    const said = subject ? template?.getAttribute("data-text")?.replace("%(subject)s", () => subject) : template?.getAttribute("data-alone");
    why.append(clone(template), element("span", "", `${said ?? ""}${explored ? ` · ${this.word("explored")}` : ""}`));
    const link = element("a", "", lesson.title);
    link.setAttribute("href", new URL(lesson.url, this.root).href);
    link.dataset.lyceumPlace = String(place);
    const title = element("h3", "");
    title.append(link);
    const named = element("span", "lyceum-related__course", lesson.course === this.course ? "" : course.title);
    for (const text of course.language === this.language ? [] : [link, named]) text.lang = course.language;
    const facts = element("p", "lyceum-related__facts");
    const lock = this.section.querySelector(`template[data-access="${ACCESS[lesson.access]}"]`);
    facts.append(named, element("span", "lyceum-related__minutes", this.duration(lesson.minutes)), clone(lock));
    const item = element("li", "lyceum-related__item");
    item.append(why, title, facts);
    return item;
  }

  /**
   * @param {{ place: number, count: number } | null} fits
   * @param {School} school
   */
  showFitting(fits, school) {
    const line = /** @type {HTMLElement | null} */ (this.section.querySelector(".lyceum-related__fits"));
    const text = line?.querySelector(".lyceum-related__fits-text");
    const buy = line?.querySelector("a");
    if (!line || !text || !buy) return;
    const product = fits && school.products[fits.place];
    line.hidden = !product;
    if (!fits || !product) return;
    const named = (/** @type {Record<string, string>} */ texts) => texts[this.language] ?? Object.values(texts)[0] ?? "";
    text.textContent = this.word("fits")
      .replace("%(title)s", () => named(product.title))
      .replace("%(n)s", String(fits.count));
    buy.textContent = [named(product.price), product.interval && this.word(product.interval)].filter(Boolean).join(" ");
    buy.href = `${this.section.dataset.gatekeeper}/buy/${encodeURIComponent(product.id)}`;
    line.dataset.product = product.id;
  }

  /** @param {number} minutes */
  duration(minutes) {
    if (minutes <= 90) return this.word("minutes").replace("%(n)s", String(minutes));
    return this.word("hours").replace("%(n)s", String(Math.round(minutes / 30) / 2));
  }

  /** @param {string} name */
  word(name) {
    return this.words.getAttribute(`data-${name}`) ?? "";
  }
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

/** @param {Element | null} template */
function clone(template) {
  return template instanceof HTMLTemplateElement ? template.content.cloneNode(true) : document.createDocumentFragment();
}
