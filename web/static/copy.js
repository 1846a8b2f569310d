// Adds a button that copies what is shown once to the clipboard.
for (const box of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button plain little";
  button.textContent = "Copy";
  if (box.dataset.copy) button.setAttribute("aria-label", `Copy ${box.dataset.copy}`);
  const said = document.createElement("span");
  said.className = "soft small";
  said.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    const lines = [...box.querySelectorAll("bdi")].map((line) => line.textContent);
    try {
      await navigator.clipboard.writeText(lines.join("\n"));
      said.textContent = "Copied.";
    } catch {
      said.textContent = "Could not copy. Select the text instead.";
    }
  });
  const row = document.createElement("p");
  row.className = "actions";
  row.append(button, said);
  box.after(row);
}
