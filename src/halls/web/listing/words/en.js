// The words of the pages that list and edit a venue, in English. ur.js has the same keys; a test checks it.
const number = (/** @type {number} */ count) => count.toLocaleString("en-PK");

export default {
  title: "List a venue", stepsLabel: "Steps",
  short: { basics: "Name", place: "Place", pictures: "Photos", details: "Details", calendar: "Days" },
  steps: { basics: "Name, kind and size", place: "Where it is", pictures: "Photographs", details: "What is there, and your terms", calendar: "The first days and prices" },
  next: "Next", back: "Back", submit: "List the venue", sending: "Listing the venue…",
  kept: "What you write stays in this browser until the venue is listed.", picturesGoing: "Photographs are still being sent…",
  done: "Your venue is listed.", doneText: "Guests can find it, and send requests for the days that you offer.", toCalendar: "Open the calendar", again: "List another venue",
  limit: "You have listed as many venues as one account may have.",
  conflict: "This venue was listed already, by an earlier attempt. Look at your venues. If you change something here, that would be another venue.", another: "Make it another venue",
  basics: {
    name: "Name of the venue", nameHint: "As guests know it.", kind: "Kind of venue", chooseKind: "Choose one",
    capacity: "Largest number of guests", capacityHint: "Guests can't book for more.", area: "Floor area in square feet",
  },
  place: {
    search: "City or part of the city", searchHint: "Choose it from the list, then move the pin.", unknown: "We don't know this place. Choose a larger one nearby, then move the pin.",
    map: "Map with the pin of the venue", pin: "Pin of the venue", mapHelp: "Choose a place above, or tap the map where your venue is.",
    pinHelp: "Drag the pin to your gate, or tap the map there. With the keyboard: the arrow keys move it by 50 m, with Shift by 10 m.",
    near: (/** @type {string} */ place) => `The pin is near ${place}.`,
    address: "Address", addressHint: "Street, part of the city, city.",
  },
  pictures: {
    add: "Add photographs", hint: "Several at once. We make them smaller and turn them upright, and the place where they were taken is removed.",
    cover: "Cover", name: (/** @type {number} */ index, /** @type {number} */ count) => `Photograph ${index} of ${count}`,
    earlier: (/** @type {number} */ index) => `Move photograph ${index} forward`, later: (/** @type {number} */ index) => `Move photograph ${index} back`,
    makeCover: (/** @type {number} */ index) => `Make photograph ${index} the cover`, remove: (/** @type {number} */ index) => `Remove photograph ${index}`,
    moved: (/** @type {number} */ index, /** @type {number} */ count) => `Now photograph ${index} of ${count}.`, removed: "The photograph is removed.",
    waiting: "Waiting…", shrinking: "Making it smaller…", sending: "Sending…", progress: (/** @type {number} */ index) => `How much of photograph ${index} has been sent`,
    unreadable: "This file can't be read as a photograph. Use JPEG, PNG or WebP. On an iPhone choose Settings, Camera, Formats, Most Compatible.",
    full: "Your photographs take all the space of your account. Remove some from your venues.", busy: "The server is busy. Please try again in a moment.",
    tooMany: (/** @type {number} */ left, /** @type {number} */ max) => `A venue can have ${max} photographs. ${left === 1 ? "1 was" : `${left} were`} left out.`,
    lost: (/** @type {number} */ count) => `${count === 1 ? "1 photograph that you added" : `${count} photographs that you added`} more than a day ago had to be deleted. Please add them again.`,
  },
  details: {
    amenities: "What is there?", description: "Description", descriptionHint: "What guests should know: rooms, stage, generator, kitchen.",
    terms: "Your terms", termsHint: "Such as the deposit, and until when a booking can be cancelled.",
    hold: "Hours to answer a request", holdHint: "The day is held for the guest until then. 0 means no limit.",
    phone: "Your telephone number", phoneHint: "Guests who have booked see it. It belongs to your account and counts for all your venues.", noPhone: "Your account has no telephone number, so guests can't call you.", changePhone: "Change it in the account",
  },
  calendar: {
    from: "From", to: "To", badRange: "Choose a day after the first one, at most three years later.",
    weekdays: "Which days do you offer, at which price?", priceHint: "In rupees, for the whole day. You can change each day later.",
    days: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    priceOf: (/** @type {string} */ day) => `Price of each ${day} in rupees`, rupees: "Rupees", noPrice: "No price: guests ask you",
    none: "No day is offered. Guests can't book until you offer days in the calendar.",
    summary: (/** @type {number} */ days, /** @type {string} */ first, /** @type {string} */ last, /** @type {number} */ unpriced) =>
      `${days === 1 ? "1 day is" : `${number(days)} days are`} offered, from ${first} to ${last}.${unpriced ? ` ${number(unpriced)} of them without a price.` : ""}`,
  },
  edit: {
    title: "Your venue", listed: "Can guests find it?", isListed: "Guests can find this venue and send requests.", isPaused: "Paused: guests can't find this venue, and it takes no requests. Its bookings stay.",
    pause: "Pause", goOn: "Show it to guests again", save: "Save changes", saving: "Saving…", saved: "Saved.", unsaved: "Not saved yet.",
    hidden: "The operator of this site has hidden this venue. Guests can't find it, and it takes no requests. Its bookings stay. Only the operator can show it again.",
    changed: "This venue was changed on another device. You see its new state; what you wrote stays. Check the marked fields, then save again.",
    changedPress: "This venue was changed on another device. You see its new state. Press the button again if you still want to.",
    elsewhere: (/** @type {string} */ stored) => `On the other device: ${stored}`, elsewhereOther: "This was changed on the other device, too.",
    takeDown: "Take the venue down", takeDownTitle: "Take this venue down?", takeDownText: "The venue, its calendar and its photographs disappear. Past bookings stay readable. This can't be undone. To take a break, pause it instead.",
    takingDown: "Taking it down…", keep: "Keep the venue", hasBookings: "The venue has bookings ahead. Cancel them first:", gone: "The venue is taken down.",
  },
};
