/* ipywidgets' file chooser takes no dropped files. Its hidden input is not part of the page, but it
   is what the button clicks: so a drop hands the files to the input at that very click. */
(() => {
  const button = () => document.querySelectorAll(".cxr-inputs .widget-upload");
  const drop = (event, target) => {
    const click = HTMLInputElement.prototype.click;
    HTMLInputElement.prototype.click = function () {
      this.files = event.dataTransfer.files;
      this.dispatchEvent(new Event("change"));
    };
    try { target.click(); } finally { HTMLInputElement.prototype.click = click; }
  };
  const prepare = (target) => {
    if (target.dataset.cxrDrop) return;
    target.dataset.cxrDrop = "ready";
    const mark = (over) => (event) => {
      event.preventDefault(); event.stopPropagation(); target.classList.toggle("cxr-over", over);
    };
    target.addEventListener("dragover", mark(true));
    target.addEventListener("dragleave", mark(false));
    target.addEventListener("drop", (event) => { mark(false)(event); drop(event, target); });
  };
  let tries = 0;
  const wait = setInterval(() => {
    button().forEach(prepare);
    if (++tries > 40) clearInterval(wait);
  }, 250);
})();
