// leaflet.js is a script without exports: it sets window.L.
export {};
