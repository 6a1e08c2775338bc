// Around all pages: what Back and Forward go through, a word while the server is stopped, the bar of a phone,
// and what makes the app one that can be installed.

// --- steps in the history

const hitIn = (search) => new URLSearchParams(search).get("hit");

const besides = (url) => {
  const values = new URLSearchParams(url.search);
  values.delete("hit");
  values.sort();
  return `${url.pathname}?${values}`;
};

const streamlit = () => document.querySelector("[data-testid=stApp]");

const whole = (href) => href.split("#")[0];

// To open a hit is a step, to turn to another one is none, and a closed one leaves none: the next step takes the
// place of its own, and Back goes past it.
//
// Streamlit runs the page again on each way back, and writes the address of what it runs into the history: a way
// back that nobody asked for would meet what people do meanwhile. It runs none on the way to an address with a
// fragment that it has drawn already, so that one is put where the hit is opened, for Back to go through.
class Steps {
  constructor() {
    this.push = history.pushState.bind(history);
    history.pushState = (state, unused, url) => this.step(state, unused, url);
    window.addEventListener("popstate", () => this.gone());
    this.stand();
  }

  // On the step of a closed hit, or not.
  stand() {
    this.closed = history.state?.closed && whole(location.href);
  }

  step(state, unused, url) {
    const [here, there] = [new URL(location.href), new URL(url ?? "", location.href)];
    const [from, to] = [hitIn(here.search), hitIn(there.search)];
    // st.switch_page puts the values of the next page into the address of this one first.
    if (here.pathname !== there.pathname && here.search && here.search === there.search) {
      history.replaceState(state, unused, url);
    } else if (this.closed) history.replaceState({ ...state, opened: Boolean(to) }, unused, url);
    else if (from === to || besides(here) !== besides(there)) this.push(state, unused, url);
    else if (from && to) history.replaceState(history.state, unused, url);
    else if (to) {
      history.replaceState(history.state, unused, `${whole(here.href)}#`);
      this.push({ ...state, opened: true }, unused, url);
    } else if (history.state?.opened) history.replaceState({ ...state, closed: true }, unused, url);
    else this.push(state, unused, url);
    this.stand();
  }

  // Streamlit, which listens for longer, has been here already.
  gone() {
    const [address, fragment] = location.href.split("#");
    if (fragment === "") history.replaceState(history.state, "", address);
    if (this.closed === address) history.back();
    this.stand();
  }
}

// --- while the server is stopped

const BLINK_MS = 800;
const USUAL_PORT = "8501";

// Streamlit looks for its server until it is there again, but leaves the page of the old one as it is.
class Stopped {
  constructor() {
    this.wasThere = true;
    this.app = streamlit();
    this.word = document.createElement("div");
    this.word.className = "trove-stopped";
    this.word.setAttribute("role", "alert");
    // Streamlit's own dialog makes all else inert, but for what says this.
    this.word.dataset.reactAriaTopLayer = "true";
    const command = document.createElement("code");
    command.textContent = ["", USUAL_PORT].includes(location.port) ? "trove ui" : `trove ui --port ${location.port}`;
    this.word.append("Trove is not running. Start it again: ", command, " – this page then comes back by itself.");
    new MutationObserver(() => this.look()).observe(this.app, { attributeFilter: ["data-test-connection-state"] });
  }

  look() {
    clearTimeout(this.timer);
    const isThere = this.app.dataset.testConnectionState === "CONNECTED";
    if (!isThere) this.timer = setTimeout(() => document.body.append(this.word), BLINK_MS);
    else {
      this.word.remove();
      if (!this.wasThere) this.tell("returned", true);
    }
    this.wasThere = isThere;
  }
}

// --- the bar of a phone

const PHONE = window.matchMedia("(max-width: 767.98px)"); // where Streamlit puts the pages into its sidebar

// The sidebar has only the filters then. Streamlit remembers that it was open, and would show it over every page.
class Bar {
  constructor() {
    new MutationObserver(() => this.name()).observe(document.body, { childList: true, subtree: true });
    this.close();
  }

  at(page) {
    this.page = page;
    const bar = document.querySelector(".st-key-pages");
    bar.setAttribute("role", "navigation");
    bar.setAttribute("aria-label", "Pages");
    bar.onclick = () => this.close();
    this.name();
  }

  // What Streamlit has no words for; it loads what draws a link with the first of them, and draws others anew.
  name() {
    const filters = document.querySelector("[data-testid=stExpandSidebarButton][aria-label='Expand sidebar']");
    filters?.setAttribute("aria-label", "Filters");
    for (const over of document.querySelectorAll("body > div:not([role])")) {
      if (!over.querySelector(":scope [role=listbox], :scope > [data-floating-ui-portal]")) continue;
      over.setAttribute("role", "region");
      over.setAttribute("aria-label", "Choices");
    }
    for (const link of document.querySelectorAll(".st-key-pages a")) {
      if (link.textContent.endsWith(this.page)) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  close() {
    if (PHONE.matches) document.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
  }
}

// --- the keyboard in a dialog

const FOCUSED = "a[href], button:enabled, input:enabled, textarea:enabled, video[controls], audio[controls], [tabindex]";

// All that Tab goes to, in its order, also within components.
const focused = (root) => [...root.querySelectorAll("*")].flatMap((one) => {
  if (one.shadowRoot) return focused(one.shadowRoot);
  return one.matches(FOCUSED) && one.tabIndex >= 0 && one.checkVisibility() ? [one] : [];
});

const active = (root = document) => (root.activeElement?.shadowRoot ? active(root.activeElement.shadowRoot) : root.activeElement);

// Streamlit's dialogs choose themselves what Tab goes to, so that it stays in them, and see nothing within a
// component. Browsers see it; only at both ends is there something to choose.
const stay = (event) => {
  const dialog = event.key === "Tab" && document.activeElement.closest("[data-testid=stDialog] [role=dialog]");
  if (!dialog) return;
  const all = focused(dialog);
  const [end, start] = event.shiftKey ? [all[0], all.at(-1)] : [all.at(-1), all[0]];
  event.stopImmediatePropagation();
  if (active() !== end) return;
  event.preventDefault();
  start.focus();
};

// --- installing

// Browsers read these from the head of a page, where Streamlit has no place for anything.
const offerToInstall = (manifest) => {
  if (!document.querySelector("link[rel=manifest]")) {
    // With credentials, since a password may be needed for it.
    const link = { rel: "manifest", href: manifest, crossOrigin: "use-credentials" };
    document.head.append(
      Object.assign(document.createElement("link"), link),
      Object.assign(document.createElement("meta"), { name: "theme-color" }),
    );
  }
  document.querySelector("meta[name=theme-color]").content = getComputedStyle(document.body).backgroundColor;
};

export default function ({ data, setTriggerValue }) {
  if (!window.troveFrame) window.addEventListener("keydown", stay, true);
  window.troveFrame ??= { steps: new Steps(), stopped: new Stopped(), bar: new Bar() };
  window.troveFrame.stopped.tell = setTriggerValue;
  window.troveFrame.bar.at(data.page);
  offerToInstall(data.manifest);
}
