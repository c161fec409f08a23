/**
 * What is worth telling of a page: that it was seen, how far and how long it was read, that it was finished, code that was copied, a search, a
 * recommendation that led here, and a purchase that unlocked it. Time counts only while the page is visible and somebody moves
 * something; what was typed, and what was searched for, is never told.
 */

/** @typedef {import("./teller.js").Teller} Teller */

const IDLE = 30_000; // without a sign of life nobody is reading
const TICK = 1_000;
const LEAST_TIME = 5; // seconds
const STEP = 0.25; // of depth, before it is told again
const PACE = 6; // seconds for each minute of reading time that somebody needs at least
const CAME = "lyceum.came";
const CAME_WITHIN = 120_000;

/**
 * @param {HTMLElement} root
 * @param {Teller} teller
 * @param {{ keeps: boolean }} options  keeps: whether this browser may remember the way from a list to its lesson
 */
export function watch(root, teller, { keeps }) {
  const { lesson = "", minutes = "0" } = root.dataset;
  if (keeps) watchLists(lesson, teller);
  watchSearch(lesson, teller);
  if (lesson) new Reading(lesson, Number(minutes), teller).begin();
  const leave = () => document.visibilityState === "hidden" && void teller.flush(true);
  document.addEventListener("visibilitychange", leave);
  addEventListener("pagehide", () => void teller.flush(true));
}

class Reading {
  /**
   * @param {string} lesson
   * @param {number} minutes
   * @param {Teller} teller
   */
  constructor(lesson, minutes, teller) {
    this.lesson = lesson;
    this.teller = teller;
    this.needed = Math.max(LEAST_TIME, minutes * PACE);
    this.article = document.querySelector("article");
    this.part = document.querySelector("section.lyceum-part");
    this.alive = Date.now();
    this.seconds = 0;
    this.told = { seconds: 0, depth: 0 };
    this.depth = 0;
    this.isSeen = false;
    this.isFinished = false;
    this.wantsToBuy = false;
    this.copies = 0;
  }

  begin() {
    for (const sign of ["scroll", "pointermove", "pointerdown", "keydown"]) {
      addEventListener(sign, () => (this.alive = Date.now()), { passive: true });
    }
    const look = () => (document.visibilityState === "visible" ? this.see() : this.sum());
    document.addEventListener("visibilitychange", look);
    addEventListener("pagehide", () => this.sum());
    document.addEventListener("copy", () => this.copied(getSelection()?.anchorNode?.parentElement));
    document.addEventListener("click", ({ target }) => this.clicked(target));
    if (this.part) {
      new MutationObserver(() => this.unlocked()).observe(this.part, { attributeFilter: ["data-state"] });
    }
    setInterval(() => this.tick(), TICK);
    look();
  }

  see() {
    this.alive = Date.now();
    if (!this.isSeen) this.teller.tell("view", this.lesson);
    this.isSeen = true;
  }

  tick() {
    if (document.visibilityState !== "visible" || Date.now() - this.alive > IDLE) return;
    this.seconds += TICK / 1000;
    const box = this.article?.getBoundingClientRect();
    if (box?.height) this.depth = Math.max(this.depth, Math.min(1, Math.max(0, (innerHeight - box.top) / box.height)));
    const isWhole = !this.part || this.part.getAttribute("data-state") === "unlocked";
    if (!this.isFinished && isWhole && this.depth > 0.95 && this.seconds >= this.needed) {
      this.isFinished = true;
      this.teller.tell("finished", this.lesson);
    }
  }

  /** The page is hidden or left. */
  sum() {
    const seconds = this.seconds - this.told.seconds;
    if (seconds >= LEAST_TIME) {
      this.teller.tell("time", this.lesson, { value: Math.min(3600, seconds) });
      this.told.seconds = this.seconds;
    }
    if (this.depth - this.told.depth >= STEP || (this.depth > 0 && !this.told.depth)) {
      this.teller.tell("depth", this.lesson, { value: Math.round(this.depth * 100) / 100 });
      this.told.depth = this.depth;
    }
  }

  /** @param {EventTarget | null | undefined} target */
  clicked(target) {
    if (!(target instanceof Element)) return;
    if (target.closest("[data-md-type=copy], .md-clipboard")) this.copied(target.closest("pre"));
    if (target.closest("[data-lyceum-action=buy]")) this.wantsToBuy = true;
  }

  /** @param {Element | null | undefined} place */
  copied(place) {
    if (place?.closest("pre") && this.copies < 20) {
      this.copies += 1;
      this.teller.tell("copied", this.lesson);
    }
  }

  unlocked() {
    if (!this.wantsToBuy || this.part?.getAttribute("data-state") !== "unlocked") return;
    this.wantsToBuy = false;
    this.teller.tell("bought", this.lesson);
  }
}

/**
 * A click is told by the lesson that it led to, which knows its own name, in whatever tab it opens.
 * @param {string} lesson
 * @param {Teller} teller
 */
function watchLists(lesson, teller) {
  try {
    const came = JSON.parse(localStorage.getItem(CAME) ?? "null");
    if (came && lesson && came.path === location.pathname) {
      localStorage.removeItem(CAME);
      if (Date.now() - came.at < CAME_WITHIN) teller.tell("clicked", lesson, { list: came.list, place: came.place });
    }
  } catch {
    localStorage.removeItem(CAME);
  }
  for (const event of ["click", "auxclick"]) {
    document.addEventListener(event, ({ target }) => {
      const link = target instanceof Element ? target.closest("a[data-lyceum-place]") : null;
      const list = link?.closest("[data-lyceum-list]")?.getAttribute("data-lyceum-list");
      if (!(link instanceof HTMLAnchorElement) || !list) return;
      const came = { path: link.pathname, list, place: Number(link.dataset.lyceumPlace), at: Date.now() };
      localStorage.setItem(CAME, JSON.stringify(came));
    });
  }
}

/**
 * A search counts when one of its results is opened: how many there were, not what was asked.
 * @param {string} lesson
 * @param {Teller} teller
 */
function watchSearch(lesson, teller) {
  document.addEventListener("click", ({ target }) => {
    const results = target instanceof Element && target.closest(".lyceum-search__link") ? target.closest(".lyceum-search__dialog") : null;
    if (results) teller.tell("search", lesson, { value: results.querySelectorAll(".lyceum-search__link").length });
  }, true);
}
