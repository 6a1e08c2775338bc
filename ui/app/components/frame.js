// Around all pages: what Back and Forward go through.

// --- steps in the history

const hitIn = (search) => new URLSearchParams(search).get("hit");

const besides = (url) => {
  const values = new URLSearchParams(url.search);
  values.delete("hit");
  values.sort();
  return `${url.pathname}?${values}`;
};

// To open a hit is a step, to turn to another one is none, to close it goes back to where it was opened.
class Steps {
  constructor() {
    this.push = history.pushState.bind(history);
    history.pushState = (state, unused, url) => this.step(state, unused, url);
    window.addEventListener("popstate", (event) => this.gone(event), true);
  }

  step(state, unused, url) {
    const [here, there] = [new URL(location.href), new URL(url ?? "", location.href)];
    const [from, to] = [hitIn(here.search), hitIn(there.search)];
    if (this.closing) return;
    if (from === to || besides(here) !== besides(there)) this.push(state, unused, url);
    else if (from && to) history.replaceState(history.state, unused, url);
    else if (to) this.push({ ...state, opened: true }, unused, url);
    else if (history.state?.opened) {
      this.closing = true;
      history.back();
    } else this.push(state, unused, url);
  }

  // Streamlit has drawn the page without the hit already.
  gone(event) {
    if (this.closing) event.stopImmediatePropagation();
    this.closing = false;
  }
}

export default function () {
  window.troveFrame ??= new Steps();
}
