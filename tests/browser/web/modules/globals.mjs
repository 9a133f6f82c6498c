// What the modules of the pages expect of a browser, as far as their functions without a page need it.
const storage = { getItem: () => null, setItem() {}, removeItem() {} };
const element = { lang: "en", dir: "", setAttribute() {}, getAttribute: () => null };
Object.assign(globalThis, {
  location: new URL("http://127.0.0.1:5000/find?lang=en"), localStorage: storage, sessionStorage: storage, addEventListener() {},
  // Without a list, places.js would try again, and the test would never end.
  fetch: async () => ({ json: async () => [] }),
  document: { documentElement: element, querySelector: () => null, addEventListener() {}, head: element },
});
