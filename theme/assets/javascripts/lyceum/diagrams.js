/**
 * Mermaid diagrams, drawn in the page's own colours and drawn again when the colour scheme changes. The library is fetched
 * when the first diagram is met. A diagram that cannot be read stays as its source.
 */

const LIBRARY = new URL("../../vendor/mermaid/mermaid.esm.min.mjs", import.meta.url).href;

/** @type {Map<HTMLElement, string>} drawn elements and their sources */
const drawn = new Map();
let count = 0;
/** @type {Promise<any> | undefined} */
let loading;
let queue = Promise.resolve(); // Mermaid draws one at a time: its settings are global

function mermaid() {
  loading ??= import(LIBRARY).then((module) => {
    new MutationObserver(redraw).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
    return module.default;
  });
  return loading;
}

/**
 * @param {HTMLElement} root
 * @returns {Promise<void>}
 */
export function drawDiagrams(root) {
  for (const block of root.querySelectorAll(".lyceum-diagram:not([data-drawn])")) {
    const source = block.textContent ?? "";
    const figure = document.createElement("div");
    figure.className = "lyceum-diagram";
    figure.dataset.drawn = "";
    figure.append(...block.childNodes);
    block.replaceWith(figure);
    drawn.set(figure, source);
    queue = queue.then(() => draw(figure, source));
  }
  return queue;
}

function redraw() {
  for (const [figure, source] of drawn) {
    if (figure.isConnected) queue = queue.then(() => draw(figure, source));
    else drawn.delete(figure); // a part that was locked again
  }
}

/**
 * @param {HTMLElement} figure
 * @param {string} source
 */
async function draw(figure, source) {
  const library = await mermaid();
  library.initialize(settings());
  count += 1;
  try {
    const { svg } = await library.render(`lyceum-diagram-${count}`, source);
    figure.innerHTML = svg;
    const picture = figure.querySelector("svg");
    const name = picture?.querySelector(":scope > title")?.textContent || picture?.getAttribute("aria-roledescription");
    figure.setAttribute("role", "img");
    figure.setAttribute("aria-label", `${name ?? "diagram"}: ${labels(picture)}`);
    picture?.setAttribute("aria-hidden", "true");
  } catch (error) {
    document.getElementById(`dlyceum-diagram-${count}`)?.remove();
    const code = document.createElement("pre");
    code.textContent = source;
    figure.replaceChildren(code);
    figure.removeAttribute("role");
    console.warn("a diagram cannot be drawn:", error);
  }
}

/**
 * The words of a diagram in the order in which they stand in it, for those who cannot see it.
 * @param {SVGElement | null} picture
 */
function labels(picture) {
  const words = [...(picture?.querySelectorAll("text, foreignObject") ?? [])].map((node) => node.textContent?.trim());
  return [...new Set(words.filter(Boolean))].join(", ");
}

function settings() {
  const style = getComputedStyle(document.body);
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(`--lyceum-${name}`).trim();
  return {
    startOnLoad: false,
    securityLevel: "strict",
    theme: "base",
    fontFamily: style.getPropertyValue("--lyceum-sans").trim(),
    themeVariables: {
      darkMode: document.body.dataset.mdColorScheme === "slate",
      background: colour("paper"),
      primaryColor: colour("sunk"),
      primaryTextColor: colour("ink"),
      primaryBorderColor: colour("ink-3"),
      secondaryColor: colour("pine-soft"),
      secondaryTextColor: colour("ink"),
      secondaryBorderColor: colour("pine"),
      tertiaryColor: colour("seal-soft"),
      tertiaryTextColor: colour("ink"),
      tertiaryBorderColor: colour("seal"),
      lineColor: colour("ink-2"),
      textColor: colour("ink"),
      mainBkg: colour("sunk"),
      noteBkgColor: colour("amber-soft"),
      noteTextColor: colour("ink"),
      noteBorderColor: colour("amber"),
      edgeLabelBackground: colour("paper"),
      fontSize: "15px",
    },
  };
}
