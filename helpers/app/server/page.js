// Two comforts, and every page works without them: feedback is kept without leaving the results,
// and the upload button says that it is at work.
for (const form of document.querySelectorAll("form[action='feedback']")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = form.querySelector(".said");
    try {
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.action, { method: "POST", body });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      said.textContent = page.querySelector("#said, .warning").textContent;
    } catch {
      form.submit();
    }
  });
}
for (const form of document.querySelectorAll("form.upload")) {
  const button = form.querySelector("button");
  const words = button.textContent;
  form.addEventListener("submit", () => {
    button.textContent = form.dataset.sending;
    button.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    button.textContent = words;
    button.removeAttribute("aria-busy");
  });
}
