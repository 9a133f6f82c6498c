// The types of ui.js, whose source is tools/web/ui.entry.js.
import type { VNode } from "preact";

export { h, render, Fragment } from "preact";
export type { ComponentChildren, VNode } from "preact";
export { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export { batch, computed, effect, signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
export type { Signal } from "@preact/signals";
export function html(strings: TemplateStringsArray, ...values: unknown[]): VNode;
