// What the pages use of Preact, htm and signals: `make vendor` bundles it as src/halls/web/vendor/ui.js.
import { h } from "preact";
import htm from "htm";

export { h, render, Fragment } from "preact";
export { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export { batch, computed, effect, signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
export const html = htm.bind(h);
