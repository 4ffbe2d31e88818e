"""What the workbook calls things, in both languages, Indonesian first."""

from __future__ import annotations

from sim112.planning.budget import GIVEN, INSURANCE, LENT, WAGES
from sim112.views.words import Lang, words

BOTH: tuple[Lang, ...] = ("id", "en")
DAYS = ("Sen\nMon", "Sel\nTue", "Rab\nWed", "Kam\nThu", "Jum\nFri", "Sab\nSat", "Min\nSun")
ROLES = {"call_taker": "penerima panggilan / call-taker", "dispatcher": "petugas dispatch / dispatcher"}
BINDING = {
    "floor": "batas paling sedikit / least on duty",
    "load": "beban panggilan / calls",
    "closed": "tutup / closed",
}
INDONESIAN = {
    WAGES: "Upah petugas sendiri",
    LENT: "Upah petugas perbantuan BPBD, Damkar, PMI",
    INSURANCE: "Iuran jaminan sosial atas upah",
    "rent of the 112 platform": "Sewa platform 112",
    "rent of lines": "Sewa saluran telepon",
    "training": "Pelatihan",
    "power, internet, cleaning, paper": "Listrik, internet, kebersihan, alat tulis",
    "places with desk, computer, telephone": "Meja kerja, komputer, telepon",
    "room, power back-up, screens": "Ruang, listrik cadangan, layar",
}
CIRCUMSTANCES = {"wage": "Upah", "demand": "Permintaan", "talk": "Lama bicara"}
UNITS = {
    "people": "orang / people",
    "centre": "pusat / centre",
    "lines": "saluran / lines",
    "places": "kursi / places",
}
KINDS = {"yearly": "tahunan / yearly", "capital": "modal / capital"}
PAYERS = {"centre": "anggaran 112 / own", "agencies": "OPD asal / agencies"}
BASES = {GIVEN: "diisi sendiri"}


def in_both(indonesian: str, english: str) -> str:
    """A text in both languages; once where it is the same, as a unit, or what the user wrote."""
    return " / ".join(dict.fromkeys((indonesian, english)))


def named_in_both(section: str, name: str) -> str:
    """What a shift, a pattern or a variant is called; one of the user's own keeps its name."""
    return " / ".join(dict.fromkeys(words(lang).named(section, name) for lang in BOTH))
