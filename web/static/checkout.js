// What a page does by itself while somebody looks at it: it counts down the time that
// is left, goes on when what it shows has changed, and takes nobody's money by a click
// that was meant for something else.

// words are those of leftWords in paywords.go.
function words(seconds) {
  const count = (n, one) => (n === 1 ? `1 ${one}` : `${n} ${one}s`);
  if (seconds < 60) return count(seconds, "second");
  const both = (unit, one, part, other) => `${count(Math.floor(seconds / unit), one)} and ${count(Math.floor((seconds % unit) / part), other)}`;
  if (seconds < 3600) return both(60, "minute", 1, "second");
  if (seconds < 86400) return both(3600, "hour", 60, "minute");
  return both(86400, "day", 3600, "hour");
}

// Screen readers hear of the time only now and then.
const spoken = [600, 300, 120, 60, 30, 10];

for (const box of document.querySelectorAll("[data-left]")) {
  const ends = performance.now() + 1000 * Number(box.dataset.left);
  const voice = document.createElement("span");
  voice.className = "unseen";
  voice.setAttribute("role", "status");
  box.after(voice);
  let shown = Number(box.dataset.left);
  const timer = setInterval(() => {
    const left = Math.max(0, Math.round((ends - performance.now()) / 1000));
    if (left === shown) return;
    const passed = spoken.find((at) => left <= at && at < shown);
    if (passed !== undefined) voice.textContent = `${words(left)} left`;
    shown = left;
    box.textContent = words(left);
    if (left === 0) clearInterval(timer);
  }, 250);
}

const button = document.querySelector("button[value=pay]");
if (button) settle(button);

// settle lets a button work once the page has been in front of somebody for a moment:
// whoever clicks twice, on a page that another site has closed between, or taps on
// where something else was, has not read what it says.
function settle(button) {
  const moment = 600; // milliseconds
  let timer;
  const begin = () => {
    clearTimeout(timer);
    delete button.dataset.ready;
    if (document.visibilityState !== "visible" || !document.hasFocus()) return;
    timer = setTimeout(() => {
      button.dataset.ready = "";
    }, moment);
  };
  const hold = (event) => {
    const pressed = event.type === "submit" ? event.submitter === button : button.contains(event.target);
    if (!pressed || "ready" in button.dataset) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  for (const kind of ["focus", "blur", "pageshow"]) window.addEventListener(kind, begin);
  document.addEventListener("visibilitychange", begin);
  for (const kind of ["click", "submit"]) document.addEventListener(kind, hold, { capture: true });
  begin();
}

const watched = document.querySelector("[data-events]");
if (watched) follow(watched.dataset.events, watched.dataset.state, watched.dataset.page);

// follow loads the page when its state is another. A page that answers a form has an
// address that must not be loaded again: it names its own.
function follow(address, state, page = location.href.split("#")[0]) {
  let failures = 0;
  let over = false;
  const heard = (now) => {
    if (over || !now || now === state) return;
    over = true;
    source.close();
    location.replace(page);
  };
  const source = new EventSource(address);
  source.addEventListener("state", (event) => {
    failures = 0;
    heard(event.data);
  });
  source.addEventListener("error", () => {
    failures += 1;
    if (over || (failures < 3 && source.readyState !== EventSource.CLOSED)) return;
    source.close();
    poll();
  });
  // Who has pressed a button goes where its answer leads: loading the page would end that.
  document.addEventListener("submit", () => {
    over = true;
    source.close();
  });
  const poll = async () => {
    while (!over) {
      await new Promise((done) => setTimeout(done, 3000));
      try {
        const answer = await fetch(`${address}?once`);
        if (answer.ok) heard((await answer.text()).match(/^data: (\w+)$/m)?.[1]);
      } catch {
        // the network is away: it is asked again
      }
    }
  };
}
