// The words of the page about webhooks in Urdu: a first version, corrections are welcome. The keys are those of en.js.
const number = (/** @type {number} */ count) => count.toLocaleString("en-PK");

/** @type {typeof import("./en.js").default} */
export default {
  title: "ویب ہُک",
  intro: "پروگرامرز کے لیے: جب کوئی بکنگ یا ہال بدلتا ہے تو ہالز آپ کے سرور کو دستخط شدہ پیغام بھیجتا ہے۔ بکنگز صرف کیلنڈر میں دیکھنی ہوں تو کیلنڈر فیڈ استعمال کریں۔",
  guide: "پروگرامرز کے لیے API", feeds: "کیلنڈر فیڈ",
  list: "آپ کے ویب ہُک", none: "ابھی آپ کا کوئی ویب ہُک نہیں۔", noneHelp: "نیچے اپنے سرور کا پتہ لکھیں۔",
  on: "چالو", off: "بند", offHelp: "آپ نے بند کیا، یا پانچ دن تک کچھ نہ پہنچ سکا۔",
  events: "واقعات", allEvents: "سب واقعات", someEvents: (count, all) => `${all} میں سے ${count} واقعات`,
  eventNames: {
    "booking.requested": "درخواست آئی", "booking.confirmed": "بکنگ کی تصدیق ہوئی", "booking.declined": "معذرت کی گئی", "booking.cancelled": "بکنگ منسوخ ہوئی", "booking.expired": "درخواست کی مدت ختم ہوئی",
    "booking.changed": "مہمان یا پیغام بدلا", "venue.changed": "ہال بدلا", "venue.removed": "ہال ہٹایا گیا", "webhook.test": "ٹیسٹ",
  },
  make: "ویب ہُک بنائیں", url: "آپ کے سرور کا پتہ", urlHelp: "⁨https://⁩ سے شروع ہو اور انٹرنیٹ سے کھلتا ہو۔",
  payload: "ہر پیغام میں کیا ہو", payloads: { ids: "صرف نمبر، دن اور حالت", full: "پوری بکنگ، مہمان کے ساتھ" }, description: "اپنے لیے نوٹ",
  submit: "ویب ہُک بنائیں", making: "بن رہا ہے…", edit: "بدلیں", editTitle: "ویب ہُک بدلیں", save: "محفوظ کریں", saving: "محفوظ ہو رہا ہے…", saved: "محفوظ ہو گیا۔",
  chooseEvent: "کم از کم ایک واقعہ چنیں۔", limit: "ایک اکاؤنٹ کے جتنے ویب ہُک ہو سکتے ہیں وہ بن چکے۔ پہلے کوئی ایک مٹائیں۔",
  secretReady: "اس ویب ہُک کا خفیہ کوڈ", once: "ابھی کاپی کریں: یہ صرف ایک بار دکھایا جاتا ہے۔ آپ کا سرور اس سے جانچتا ہے کہ پیغام ہالز سے ہے۔", secret: "خفیہ کوڈ", copySecret: "کوڈ کاپی کریں", done: "کاپی کر لیا",
  rotated: "پرانا کوڈ بھی نئے کے ساتھ مزید 24 گھنٹے چلے گا۔",
  test: "ٹیسٹ بھیجیں", tested: "ٹیسٹ بھیج دیا گیا۔ ترسیلات دیکھیں۔",
  switchOff: "بند کریں", switchOn: "چالو کریں",
  rotate: "نیا کوڈ", rotateTitle: "نیا خفیہ کوڈ بنائیں؟", rotateHelp: "24 گھنٹے تک دونوں کوڈ چلیں گے: اس دوران نیا کوڈ اپنے سرور پر لگائیں۔", rotating: "نیا کوڈ بن رہا ہے…",
  remove: "مٹائیں", removeTitle: "یہ ویب ہُک مٹائیں؟", removeHelp: "ہالز اس پتے پر مزید کچھ نہیں بھیجے گا، اور اس کی ترسیلات مٹ جائیں گی۔", removing: "مٹ رہا ہے…", removed: "ویب ہُک مٹا دیا گیا۔", keep: "رہنے دیں",
  deliveries: "ترسیلات", hide: "ترسیلات چھپائیں", refresh: "دوبارہ پڑھیں", noDeliveries: "ابھی کوئی ترسیل نہیں۔ ٹیسٹ بھیجیں۔", keptFor: "ترسیلات 30 دن رکھی جاتی ہیں۔",
  statuses: { pending: "انتظار", delivered: "پہنچ گیا", failed: "نہیں پہنچا" }, status: "کون سی ترسیلات", all: "سب",
  tries: (count) => `${number(count)} کوششیں`, response: (status) => `جواب ${status}`, took: (ms) => `${number(ms)} ملی سیکنڈ`,
  next: (moment) => `اگلی کوشش: ${moment}`,
  reasons: {
    error_status: "آپ کے سرور نے غلطی کا جواب دیا۔", redirect: "آپ کے سرور نے پیغام کہیں اور بھیجا، ایسا نہیں کیا جاتا۔", timeout: "آپ کے سرور نے 15 سیکنڈ میں جواب نہیں دیا۔", no_connection: "آپ کے سرور سے رابطہ نہ ہو سکا۔",
    bad_certificate: "آپ کے سرور کا سرٹیفکیٹ درست نہیں۔", address_not_public: "یہ پتہ عام نہیں۔", switched_off: "ویب ہُک بند تھا۔", suspended: "اکاؤنٹ معطل تھا۔",
  },
  replay: "دوبارہ بھیجیں", replaying: "دوبارہ بھیجا جا رہا ہے…", replayed: "یہ واقعہ دوبارہ بھیجا جا رہا ہے۔", notReplayed: "یہ واقعہ اب دوبارہ نہیں بھیجا جا سکتا۔", more: "مزید ترسیلات دکھائیں", loadingMore: "مزید آ رہی ہیں…",
};
