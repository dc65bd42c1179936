"""Words before a full stop that end no sentence, of English, German, French and Spanish."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TITLES = _words(
    # English
    "mr mrs ms dr prof rev hon st gen col sgt capt lt cmdr gov sen rep pres messrs mt ft ave blvd "
    "dept est approx vs viz cf ed eds trans al e.g i.e esp incl fig figs vol vols ch sec eq "
    # German
    "hr fr hrn frl ing dipl z.b z.t d.h u.a u.ä o.ä i.d.r s.o s.u v.a v.chr n.chr bzw ca evtl ggf "
    "inkl exkl sog vgl zzgl abb abs anm aufl bd geb gest jh kap lt max min mio mrd nr str tel "
    "z u.s.w o.g m.e "
    # French
    "m mm mme mmes mlle mlles me mgr p.ex c.-à-d env av apr "
    # Spanish
    "sr sra sres sras srta dra dres d dña ud uds vd vds p.ej ej aprox núm pág págs"
)
"""What stands before a name, a number or an example: a sentence goes on after it."""

BEFORE_NUMBERS = _words("no nos nr art par p pp s abs cap ch fig n nº núm pág vol bd")
"""What is an abbreviation where a number follows it."""

ENDINGS = _words(
    "etc usw inc ltd co corp bros jr sr a.m p.m u.s u.s.a u.k u.n d.c ph.d b.a m.a b.sc m.sc s.a "
    "gmbh e.v ee.uu ss.mm"
)
"""What may end a sentence as well: it does where a word follows that often begins one."""

BEGINNINGS = _words(
    "the a an he she it they we i you this that these those in on at but and however there his her "
    "its their our my your when while after before if as so then "
    "der die das ein eine er sie es wir ich ihr dieser diese dieses in im auf aber und doch dann als "
    "wenn nach vor dort hier man "
    "le la les un une il elle ils elles nous vous je ce cette ces dans mais et puis après avant "
    "el los las una unos ella ellos ellas nosotros yo este esta estos en pero y luego después"
)
"""Words that often begin a sentence."""

BEFORE_ORDINALS = _words(
    "am der die das dem den des im vom zum zur beim ab bis seit ein eine einen einem einer jeder "
    "jede jedes jeden unser unsere mein meine sein seine ihr ihre"
)
"""German words after which a number with a full stop is an ordinal."""

MONTHS = _words(
    "januar jänner februar märz april mai juni juli august september oktober november dezember "
    "jahrhundert jahrhunderts jh jan feb mär apr jun jul aug sep sept okt nov dez"
)
"""German words before which a number with a full stop is an ordinal."""
