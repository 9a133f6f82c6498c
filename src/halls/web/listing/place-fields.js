// Where a venue is: a place by name, a pin on the map, and the address.
import { h, html, useRef, useState } from "../vendor/ui.js";
import { findPlaceByText, nearestPlace, placeLabel, places } from "../places.js";
import { Field, TextField } from "../parts/field.js";
import { bind } from "./fields.js";
import { PinMap } from "./pin-map.js";
import { listingWords } from "./words.js";
/** @import { DraftForm } from "./fields.js" */
/** @import { Point } from "./draft.js" */
/** @typedef {{ currentTarget: HTMLInputElement }} InputEvent */

const HELP_ID = "pin-help";

export function PlaceFields(/** @type {DraftForm} */ form) {
  const w = listingWords.value.place;
  const { draft, change, faultOf } = form;
  const near = draft.place && nearestPlace(draft.place);
  const setPlace = (/** @type {Point} */ place) => change({ place });
  return html`
    ${h(PlaceSearch, { fault: faultOf("maps_location"), onChoose: (place, name) => change({ place, address: draft.address || name }) })}
    ${h(PinMap, { label: w.map, pinLabel: w.pin, helpId: HELP_ID, place: draft.place, onMove: setPlace })}
    <p id=${HELP_ID} class="muted small">${draft.place ? w.pinHelp : w.mapHelp}</p>
    <p role="status" class="pin-near">${near && w.near(placeLabel(near))}</p>
    ${h(TextField, { ...bind(form, "address"), label: w.address, hint: w.addressHint, required: true })}`;
}

/** A field that finds a city or a part of one by its name, in either script. */
function PlaceSearch(/** @type {{ fault?: string, onChoose: (place: Point, name: string) => void }} */ { fault, onChoose }) {
  const w = listingWords.value.place;
  const [text, setText] = useState("");
  const [isUnknown, setUnknown] = useState(false);
  const chosen = useRef("");
  const choose = () => {
    const found = findPlaceByText(text);
    chosen.current = text;
    setUnknown(!found && text.trim() !== "");
    if (found) onChoose({ lat: found.lat, lng: found.lng }, placeLabel(found));
  };
  // After Enter, leaving the field must not move the pin back to the place.
  const onChange = () => { if (text !== chosen.current) choose(); };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // Otherwise the step would end.
    choose();
  };
  return h(Field, {
    name: "place", label: w.search, hint: w.searchHint, fault: isUnknown ? w.unknown : fault,
    control: ({ id, invalid, describedBy }) => html`
      <input id=${id} list="places" autocomplete="off" dir="auto" value=${text} aria-invalid=${invalid || undefined} aria-describedby=${describedBy} onChange=${onChange} onKeyDown=${onKeyDown}
        onInput=${(/** @type {InputEvent} */ event) => setText(event.currentTarget.value)} />
      <datalist id="places">${places.value.map((place) => html`<option key=${place.id} value=${placeLabel(place)} />`)}</datalist>`,
  });
}
