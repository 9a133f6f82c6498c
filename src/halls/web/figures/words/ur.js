// The words of the figures of an owner in Urdu: a first version, corrections are welcome. The keys are those of en.js.
const number = (/** @type {number} */ count) => count.toLocaleString("en-PK");

/** @type {typeof import("./en.js").default} */
export default {
  title: "اعداد و شمار", intro: "تقریب کے دن کے حساب سے، کراچی کے وقت میں۔",
  period: "مدت", periods: { around: "چھ ماہ پہلے سے چھ ماہ بعد تک", past: "پچھلے 12 مہینے", coming: "اگلے 12 مہینے", own: "دوسرے دن" },
  from: "سے", to: "تک", show: "دکھائیں", venue: "ہال", allVenues: "سب ہال",
  rows: "کس لحاظ سے", by: { month: "مہینہ", weekday: "ہفتے کا دن", venue: "ہال" },
  totals: "کُل", booked: "بُک دن", occupancy: "کھلے دنوں میں سے", revenue: "طے شدہ قیمتیں", guests: "مہمان", pending: "جواب کی منتظر درخواستیں", lead: "کتنے دن پہلے بکنگ",
  leadDays: (days) => `${number(days)} دن`, walkIns: (count) => `${number(count)} فون پر`,
  unpriced: (count) => `${number(count)} بغیر قیمت`,
  daysChart: "کھلے اور بُک دن", revenueChart: "تصدیق شدہ بکنگز کی طے شدہ قیمتیں",
  legend: { offered: "کھلے", booked: "بُک", pending: "درخواست" },
  ofDays: (booked, offered) => `${number(offered)} میں سے ${number(booked)}`,
  table: "جدول میں پڑھیں",
  columns: { offered: "کھلے", booked: "بُک", occupancy: "تناسب", pending: "درخواستیں", revenue: "طے شدہ قیمتیں", guests: "مہمان", lead: "دن پہلے", cancelled: "منسوخ" },
  cancelledBy: { guest: "مہمان نے", owner: "آپ نے", expiry: "جواب نہیں ملا", unknown: "دیگر" },
  sum: "کُل", none: "–", deleted: "ہٹایا گیا ہال",
  empty: "ان دنوں میں ابھی گننے کو کچھ نہیں۔", emptyHelp: "جب آپ کے ہال کے دن کھلیں گے تو اعداد یہاں آئیں گے۔", toVenues: "میرے ہال",
  download: "بکنگز ڈاؤن لوڈ کریں (CSV)", downloading: "ڈاؤن لوڈ ہو رہا ہے…", downloadHelp: "ایکسل وغیرہ کے لیے: ان دنوں کی ہر بکنگ، مہمان، قیمت اور حالت کے ساتھ۔",
};
