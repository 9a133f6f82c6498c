// Uses a page with the keyboard alone.
import assert from "node:assert/strict";

const MAX_PRESSES = 160;

/** Returns what a person does on a page with the keyboard alone. */
export function useKeyboard(page) {
  /** Presses Tab until an element has the focus. */
  async function tabTo(locator, key = "Tab") {
    await locator.waitFor();
    for (let presses = 0; presses < MAX_PRESSES; presses++) {
      await page.keyboard.press(key);
      if (await locator.evaluate((element) => element === document.activeElement)) return;
    }
    assert.fail(`${MAX_PRESSES} times ${key} did not reach ${locator}`);
  }

  /** Goes to a control and presses a key. */
  async function use(locator, key = "Enter") {
    await tabTo(locator);
    await page.keyboard.press(key);
  }

  /** Goes to a field and types into it. */
  async function fill(locator, text) {
    await tabTo(locator);
    await page.keyboard.press("Control+A");
    await page.keyboard.type(text);
  }

  /** Goes to the chosen one of some radio buttons, and on to another one. */
  async function choose(locator, group) {
    await tabTo(page.locator(`${group}:checked`));
    for (let steps = 0; !(await locator.isChecked()); steps++) {
      assert.ok(steps < MAX_PRESSES, `the arrows did not reach ${locator}`);
      await page.keyboard.press("ArrowDown");
    }
  }

  return { tabTo, use, fill, choose, uncheck: (locator) => use(locator, "Space"), select: (locator) => use(locator, "ArrowDown") };
}
