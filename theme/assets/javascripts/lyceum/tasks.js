/**
 * The boxes of task lists stand in a label without words; each is named by its line, for those who cannot see it.
 * @param {HTMLElement} root
 */
export function nameTasks(root) {
  for (const box of root.querySelectorAll(".task-list-item input[type=checkbox]:not([aria-label])")) {
    box.setAttribute("aria-label", (box.closest("li")?.textContent ?? "").trim());
  }
}
