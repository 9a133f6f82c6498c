// The words of the page about calendar feeds in Urdu: a first version, corrections are welcome. The keys are those of en.js.

/** @type {typeof import("./en.js").default} */
export default {
  title: "کیلنڈر فیڈ", account: "اکاؤنٹ", overview: "خلاصہ",
  intro: "کیلنڈر فیڈ ایک پتہ ہے جس سے گوگل، ایپل یا آؤٹ لُک آپ کی بکنگز بار بار پڑھتا ہے۔",
  kinds: { owner: "میرے سب ہالوں کی بکنگز", venue: (venue) => `⁨${venue}⁩ کی بکنگز`, guest: "وہ بکنگز جو میں نے بطور مہمان کیں" },
  unknownVenue: "ہٹایا گیا ہال",
  details: { full: "ناموں کے ساتھ", busy: "صرف دن، بغیر نام" },
  detailHelp: { full: "ہال اور مہمان دکھاتا ہے۔ آپ اور آپ کے عملے کے لیے۔", busy: "صرف یہ کہ کون سے دن بُک ہیں۔ دوسروں کو دکھا سکتے ہیں۔" },
  none: "ابھی آپ کی کوئی کیلنڈر فیڈ نہیں۔", noneHelp: "پہلی بنائیں: بکنگز آپ کے کیلنڈر میں نظر آئیں گی۔",
  list: "آپ کی فیڈز", made: (moment) => `بنی: ${moment}`, read: (moment) => `آخری بار پڑھی گئی: ${moment}`, neverRead: "ابھی نہیں پڑھی گئی",
  make: "کیلنڈر فیڈ بنائیں", what: "کیا دکھائے", venue: "ہال", detail: "کتنا بتائے", name: "آپ کے کیلنڈر میں نام", submit: "پتہ بنائیں", making: "پتہ بن رہا ہے…",
  limit: "ایک اکاؤنٹ کی جتنی فیڈز ہو سکتی ہیں وہ بن چکیں۔ پہلے کوئی ایک مٹائیں۔",
  ready: "پتہ تیار ہے", once: "ابھی کاپی کریں: یہ صرف ایک بار دکھایا جاتا ہے۔ گم ہو جائے تو نیا پتہ بنائیں۔",
  secret: "یہ پتہ پاس ورڈ کی طرح ہے: جس کے پاس ہو وہ بکنگز پڑھ سکتا ہے۔", address: "کیلنڈر کا پتہ", copyAddress: "پتہ کاپی کریں", open: "اس آلے کے کیلنڈر میں کھولیں", done: "کاپی کر لیا",
  local: "یہ پتہ آپ کے اپنے کمپیوٹر پر ہے۔ گوگل اور آؤٹ لُک اس تک نہیں پہنچ سکتے۔",
  how: "اپنے کیلنڈر میں کیسے شامل کریں",
  programs: { google: "گوگل کیلنڈر", iphone: "آئی فون اور آئی پیڈ", mac: "میک پر ایپل کیلنڈر", outlookWeb: "ویب پر آؤٹ لُک", outlook: "ونڈوز کا آؤٹ لُک" },
  steps: {
    google: ["براؤزر میں calendar.google.com کھولیں۔ فون کی ایپ پتہ شامل نہیں کر سکتی، لیکن بعد میں دکھاتی ہے۔", "”Other calendars“ کے ساتھ + دبائیں، پھر ”From URL“ چنیں۔", "پتہ پیسٹ کریں اور ”Add calendar“ دبائیں۔ گوگل اسے ہر چند گھنٹے بعد پڑھتا ہے۔"],
    iphone: ["اپنے آئی فون پر ”اس آلے کے کیلنڈر میں کھولیں“ دبائیں اور تصدیق کریں۔", "یا: Settings، Calendar، Accounts، Add Account، Other، Add Subscribed Calendar۔ وہاں پتہ پیسٹ کریں۔"],
    mac: ["File، پھر New Calendar Subscription چنیں اور پتہ پیسٹ کریں۔", "”Auto-refresh“ میں چنیں کہ کتنی دیر بعد پڑھا جائے۔"],
    outlookWeb: ["outlook.com پر کیلنڈر کھولیں اور ”Add calendar“ چنیں۔", "”Subscribe from web“ چنیں، پتہ پیسٹ کریں اور ”Import“ دبائیں۔"],
    outlook: ["کیلنڈر میں ”Open calendar“ اور پھر ”From Internet“ چنیں۔", "پتہ پیسٹ کریں اور تصدیق کریں۔"],
  },
  rotate: "نیا پتہ", rotateTitle: "نیا پتہ بنائیں؟", rotateHelp: "پرانا پتہ فوراً بند ہو جائے گا۔ جہاں جہاں وہ لگا تھا وہاں نیا لگائیں۔", rotating: "نیا پتہ بن رہا ہے…",
  remove: "مٹائیں", removeTitle: "یہ فیڈ مٹائیں؟", removeHelp: "پتہ فوراً بند ہو جائے گا۔ جو پڑھا جا چکا وہ کیلنڈر میں رہے گا، جب تک آپ وہاں سے نہ ہٹائیں۔", removing: "مٹ رہی ہے…", removed: "فیڈ مٹا دی گئی۔", keep: "رہنے دیں",
};
