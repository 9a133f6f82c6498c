// Each page of owners, in each view: no finding of axe, no sideways scroll, and a picture: node owner-axe.mjs BASE_URL SCREENSHOT_FOLDER
import { isOfOwners, listPages } from "./pages.mjs";
import { auditPages } from "./parts/page-audit.mjs";

const [base, folder] = process.argv.slice(2);
await auditPages(base, folder, (await listPages(base)).filter(isOfOwners));
console.log("axe has no finding on the owners' pages");
