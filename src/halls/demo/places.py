"""The cities and districts of the demo venues, and the words of their names."""

from typing import NamedTuple


class District(NamedTuple):
    """A part of a city, and the coordinates of its centre."""

    name: str
    lat: float
    lng: float


class City(NamedTuple):
    """A city: its centre, its number of demo venues, and its districts."""

    name: str
    lat: float
    lng: float
    venues: int
    districts: tuple[District, ...]


KARACHI = City(
    "Karachi",
    24.8607,
    67.0011,
    16,
    (
        District("Clifton", 24.8213, 67.0330),
        District("DHA Phase 6", 24.7985, 67.0640),
        District("PECHS", 24.8690, 67.0590),
        District("Bahadurabad", 24.8825, 67.0687),
        District("Gulshan-e-Iqbal", 24.9180, 67.0971),
        District("Gulistan-e-Johar", 24.9138, 67.1270),
        District("Federal B Area", 24.9330, 67.0750),
        District("Nazimabad", 24.9150, 67.0320),
        District("North Nazimabad", 24.9420, 67.0470),
        District("Malir Cantonment", 24.9400, 67.2000),
    ),
)
LAHORE = City(
    "Lahore",
    31.5497,
    74.3436,
    16,
    (
        District("Gulberg III", 31.5102, 74.3441),
        District("DHA Phase 5", 31.4620, 74.4080),
        District("Model Town", 31.4835, 74.3260),
        District("Garden Town", 31.5010, 74.3210),
        District("Johar Town", 31.4690, 74.2730),
        District("Allama Iqbal Town", 31.5120, 74.2880),
        District("Samanabad", 31.5370, 74.3000),
        District("Wapda Town", 31.4310, 74.2640),
        District("Cantonment", 31.5250, 74.3760),
        District("Mughalpura", 31.5697, 74.3710),
    ),
)
ISLAMABAD = City(
    "Islamabad",
    33.6844,
    73.0479,
    9,
    (
        District("Blue Area", 33.7100, 73.0560),
        District("F-6", 33.7290, 73.0750),
        District("F-7", 33.7215, 73.0570),
        District("F-8", 33.7110, 73.0390),
        District("F-10", 33.6940, 73.0130),
        District("F-11", 33.6840, 72.9880),
        District("G-9", 33.6880, 73.0320),
        District("G-11", 33.6680, 72.9980),
        District("I-8", 33.6680, 73.0740),
        District("Bani Gala", 33.7080, 73.1570),
    ),
)
FAISALABAD = City(
    "Faisalabad",
    31.4187,
    73.0791,
    7,
    (
        District("People's Colony", 31.4063, 73.1105),
        District("Madina Town", 31.4190, 73.1170),
        District("Civil Lines", 31.4260, 73.0830),
        District("Jinnah Colony", 31.4165, 73.0700),
        District("Gulberg Colony", 31.4240, 73.0640),
        District("Samanabad", 31.3910, 73.0680),
        District("Batala Colony", 31.3990, 73.0960),
        District("Ghulam Muhammad Abad", 31.4350, 73.0490),
    ),
)
MULTAN = City(
    "Multan",
    30.1978,
    71.4711,
    6,
    (
        District("Cantonment", 30.1830, 71.4500),
        District("Gulgasht Colony", 30.2210, 71.4720),
        District("Bosan Road", 30.2330, 71.4800),
        District("Shah Rukn-e-Alam Colony", 30.1790, 71.5010),
        District("Mumtazabad", 30.1815, 71.4875),
        District("Hassan Parwana Colony", 30.1960, 71.4590),
        District("Nishtar Road", 30.2030, 71.4480),
        District("Wapda Town", 30.2450, 71.5260),
    ),
)
PESHAWAR = City(
    "Peshawar",
    34.0144,
    71.5675,
    6,
    (
        District("University Town", 34.0000, 71.4990),
        District("Hayatabad", 33.9850, 71.4420),
        District("Saddar", 34.0000, 71.5430),
        District("Gulbahar", 34.0080, 71.5910),
        District("Faqirabad", 34.0200, 71.5760),
        District("Tehkal", 34.0080, 71.5130),
        District("Warsak Road", 34.0470, 71.5240),
        District("Kohat Road", 33.9880, 71.5650),
    ),
)
CITIES = (KARACHI, LAHORE, ISLAMABAD, FAISALABAD, MULTAN, PESHAWAR)

# Each word is used once, so that no two venues of a world share a name.
NAME_WORDS = (
    *("Anarkali", "Aangan", "Bagh-e-Noor", "Bahar", "Barakat", "Chand", "Chinar", "Dastaan", "Dilkash", "Firdaus"),
    *("Gulzar", "Gulmohar", "Gul-e-Rana", "Hayat", "Heer", "Humsafar", "Iqra", "Jashn", "Jasmine", "Jharoka"),
    *("Kahkashan", "Karvan", "Khushboo", "Khayaban", "Lajwanti", "Lalazar", "Mahtab", "Mannat", "Marjan", "Mehfil"),
    *("Mehran", "Moti", "Nagina", "Nargis", "Naulakha", "Nishat", "Noor Jahan", "Parwaz", "Qasr-e-Gul", "Rehmat"),
    *("Roshan", "Raunaq", "Rukhsar", "Saadat", "Sabz Bagh", "Saheli", "Sangam", "Shabnam", "Shahi", "Shandar"),
    *("Shehnai", "Shisha", "Sitara", "Subh-e-Nau", "Sukoon", "Surkhab", "Tarana", "Tehzeeb", "Umeed", "Wadi", "Yaqoot"),
    *("Zaitoon", "Zamurd", "Zeenat"),
)
NAME_ENDINGS = {
    "Hall": ("Hall", "Wedding Hall", "Marriage Hall", "Shadi Hall"),
    "Auditorium": ("Auditorium", "Convention Centre", "Hall and Auditorium"),
    "Banquet": ("Banquet", "Banquet Hall", "Banquets", "Grand Banquet"),
    "Lawn": ("Lawn", "Garden", "Marquee and Lawn", "Lawns"),
}

OWNERS = ("Imran Qureshi", "Saima Siddiqui", "Tariq Mehmood Butt")
GUESTS = ("Ayesha Khan", "Bilal Ahmed", "Hira Malik", "Usman Afridi")
