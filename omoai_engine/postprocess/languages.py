"""What the rules know of a language: words that open, carry or end a sentence, a question, a
name.

In: bare words in folded case. Out: yes or no. Knows Vietnamese and English; for any other
language every answer is "no", and pauses and lengths decide alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _phrases(phrases: str) -> tuple[tuple[str, ...], ...]:
    """Read phrases separated by commas, longest first so that the longest one matches."""
    split = (tuple(phrase.split()) for phrase in phrases.split(","))
    return tuple(sorted(split, key=len, reverse=True))


@dataclass(frozen=True)
class Language:
    """The closed lists of one language; all in folded case, NFC."""

    joins: frozenset[str] = frozenset()
    """Conjunctions before which a comma is usual when the pause supports it."""
    continues: frozenset[str] = frozenset()
    """Words that carry a sentence on, whatever the pause before them."""
    opens: frozenset[str] = frozenset()
    """Words that often begin a sentence after a pause."""
    never_ends: frozenset[str] = frozenset()
    """Words after which a sentence does not end (articles, prepositions, auxiliaries)."""
    question_starts: tuple[tuple[str, ...], ...] = ()
    """Openings that make a question by themselves."""
    question_words: frozenset[str] = frozenset()
    """Words that ask when an auxiliary follows soon (English)."""
    auxiliaries: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    """Pronouns that, after an opening auxiliary, make a question (English)."""
    question_ends: tuple[tuple[str, ...], ...] = ()
    """Endings that make a question by themselves."""
    statement_marks: tuple[tuple[str, ...], ...] = ()
    """Phrases inside a sentence that turn a question word into an indirect one."""
    lead_ins: frozenset[str] = frozenset()
    """Words skipped when the opening of a sentence is looked at ("and", "so", "thế")."""
    names: tuple[tuple[str, ...], ...] = ()
    """Names that are nothing but names, word by word."""
    titles: frozenset[str] = frozenset()
    """Titles: they and the word after them take a capital ("mr smith")."""
    always_capital: frozenset[str] = frozenset()
    """Words that are always capitals ("I")."""


ENGLISH = Language(
    joins=_set(
        "and but or so because although though whereas while which who whose yet unless except "
        "especially including such"
    ),
    continues=_set(
        "which who whose whom than of or nor unless except because though although to into by "
        "with until upon among between whereas such as even especially"
    ),
    opens=_set(
        "i you he she it we they this these those there what why how who where my your his our "
        "i'm i'll i've it's that's there's he's she's we're they're you're don't let please now "
        "however therefore also yes no okay oh well then hello thanks maybe perhaps today "
        "yesterday everyone nobody"
    ),
    never_ends=_set(
        "a an the of to in on at for from with by into onto upon between among and or but nor if "
        "because although while as than that which whose my your his its our their is are was "
        "were be been am has have had do does did will would can could shall should may might "
        "must very more most such every each no not i we they he she who i'm i'll i've you're "
        "we're they're it's that's there's mr mrs ms dr"
    ),
    question_starts=_phrases(
        "how come,what about,how about,what if,what else,why not,isn't it,is it,is this,"
        "is that,is there,are there,was it,was there,were there,does anyone,does anybody,"
        "has anyone,has anybody,is anyone,is anybody,did anyone,did anybody"
    ),
    question_words=_set("what why how who whom whose where when which"),
    auxiliaries=_set(
        "is are was were am do does did can could will would shall should has have may might must "
        "isn't aren't wasn't weren't don't doesn't didn't can't couldn't won't wouldn't shouldn't "
        "hasn't haven't what's"
    ),
    subjects=_set("i you he she it we they this that these those there anyone anybody someone"),
    question_ends=_phrases(
        "isn't it,aren't you,don't you,doesn't it,won't you,right or not,or not,or what,"
        "can't you,wasn't it,didn't you,didn't he,didn't she,isn't he,isn't she,aren't they,"
        "don't they,shall we,will you"
    ),
    lead_ins=_set("and but so or well okay ok oh now then yeah yes no um uh hey please for"),
    names=_phrases(
        "monday,tuesday,wednesday,thursday,friday,saturday,sunday,january,february,april,june,july,"
        "september,october,november,december,english,england,america,american,americans,vietnam,"
        "vietnamese,viet nam,hanoi,ho chi minh city,ho chi minh,saigon,london,paris,new york,"
        "washington,california,texas,europe,european,asia,asian,africa,african,australia,canada,"
        "germany,german,france,italy,italian,spain,spanish,japan,japanese,korea,korean,russia,"
        "russian,india,britain,british,united states,united kingdom,united nations,christmas,"
        "god,jesus,google,microsoft,facebook,youtube"
    ),
    titles=_set("mr mrs ms dr"),
    always_capital=_set("i i'm i'll i've i'd"),
)

VIETNAMESE = Language(
    joins=_set("nhưng mà vì nên song tuy thì còn hoặc rồi và bởi hay"),
    continues=_set("mà thì nên của hoặc bằng với cùng và được bị là như cũng lại vào ra"),
    opens=_set(
        "tôi tớ tao anh chị em ông bà chúng mình nó họ hắn cậu cô chú bác vậy thế nếu khi sau hôm "
        "trong ngoài đây đó do tuy theo nhưng những một mọi xin vâng dạ ừ đặc hiện ngày năm người "
        "bố mẹ cha con chào cảm bây tại mỗi từ đừng hãy"
    ),
    never_ends=_set(
        "và của là các những một mỗi mọi để với bởi vì do tại từ trong trên dưới nếu khi thì mà "
        "rất đang sẽ bị như theo hoặc nhưng tuy cho vào về những"
    ),
    question_starts=_phrases(
        "tại sao,vì sao,làm sao,sao lại,bao giờ,khi nào,phải chăng,liệu,có phải,ai là,ai đã,"
        "ai đang,chẳng lẽ,có bao nhiêu,tại làm sao,cớ sao,sao anh,sao em,sao mày,sao chị,sao con,"
        "sao ông,sao bà,sao cô,sao chú,sao bác,sao cậu,sao lão,sao nó,sao không,sao mà"
    ),
    question_ends=_phrases(
        "không,chưa,à,hả,nhỉ,hở,ư,phải không,đúng không,được không,hay không,có phải không,"
        "là gì,làm gì,cái gì,gì thế,gì vậy,gì đấy,gì không,là ai,ai thế,ai vậy,với ai,"
        "của ai,cho ai,"
        "ở đâu,đi đâu,đâu rồi,đâu thế,đâu vậy,từ đâu,thế nào,như thế nào,ra sao,làm sao,"
        "tại sao,vì sao,sao vậy,sao thế,mấy giờ,bao giờ,khi nào,lúc nào,bao nhiêu,bao lâu,"
        "bao xa,mấy tuổi,người nào,cái nào,nơi nào,chỗ nào,gì nữa,nhé anh,chứ sao,gì chứ,ai chứ,"
        "đúng chưa,xong chưa,chưa nhỉ,thế à,vậy à,thật à,thật không,sao"
    ),
    statement_marks=_phrases(
        "không biết,chưa biết,chẳng biết,không hiểu,chưa hiểu,chẳng hiểu,đều biết,đã biết,"
        "cho biết,không nhớ,không rõ,chưa rõ,không cần biết,dù sao,không sao,chẳng sao,có sao đâu,"
        "cho dù,mặc dù,bất kể,bất cứ,dù ai,không có gì,chẳng có gì,không làm gì,không nói gì,"
        "không ai,chẳng ai,không đi đâu,xem thế nào,vẫn chưa,còn chưa,hay chưa biết,thu không,"
        "thì không,hoặc không,thưa không,ngôi sao,kẽ hở,khe hở,sơ hở,không bao giờ,chưa bao giờ,"
        "chẳng bao giờ,bao giờ cũng,không lúc nào,biết đấy,biết rõ,biết được,hỏi xem,xem sao"
    ),
    lead_ins=_set("và nhưng thế vậy thì ồ ừ vâng dạ ơ này à rồi"),
    names=_phrases(
        "việt nam,hà nội,hồ chí minh,sài gòn,đà nẵng,hải phòng,cần thơ,nha trang,đà lạt,vũng tàu,"
        "quảng ninh,quảng nam,nghệ an,hà tĩnh,thanh hóa,trung quốc,nhật bản,hàn quốc,thái lan,"
        "hoa kỳ,campuchia,đông nam á,châu á,châu âu,châu phi,liên hợp quốc,"
        "điện biên phủ,mê kông,bác hồ,singapore,google,facebook,youtube"
    ),
)

_THINGS = frozenset({"it", "this", "that", "these", "those"})
_NONE = Language()
_KNOWN = {"en": ENGLISH, "vi": VIETNAMESE}
# Written without blanks between words: neither words nor marks can be placed by these rules.
_UNSPACED = frozenset({"zh", "ja", "th", "lo", "km", "my", "bo", "yue"})


def language_of(code: str | None) -> Language:
    """Return what is known of the language with this ISO 639 code."""
    return _KNOWN.get((code or "").casefold().split("-")[0], _NONE)


def is_unspaced(code: str | None) -> bool:
    """Say whether the language is written without blanks between its words."""
    return (code or "").casefold().split("-")[0] in _UNSPACED


def _starts(words: Sequence[str], phrases: tuple[tuple[str, ...], ...]) -> bool:
    return any(tuple(words[: len(phrase)]) == phrase for phrase in phrases)


def _ends(words: Sequence[str], phrases: tuple[tuple[str, ...], ...]) -> bool:
    return any(tuple(words[-len(phrase) :]) == phrase for phrase in phrases)


def contains(words: Sequence[str], phrases: tuple[tuple[str, ...], ...]) -> bool:
    """Say whether one of `phrases` stands somewhere in `words`."""
    return any(
        tuple(words[at : at + len(phrase)]) == phrase
        for phrase in phrases
        for at in range(len(words) - len(phrase) + 1)
    )


def is_question(words: Sequence[str], language: Language) -> bool:
    """Say whether a sentence of these bare, folded words asks something."""
    if not words:
        return False
    if contains(words, language.statement_marks):
        return False
    if len(words) > 1 and _ends(words, language.question_ends):
        return True
    start = 0
    while start < len(words) - 1 and words[start] in language.lead_ins:
        start += 1
    opening = words[start:]
    if _starts(opening, language.question_starts):
        return len(opening) > 1
    if opening[0] in language.question_words:
        if opening[0] == "which" and opening[1:2] and opening[1] in language.auxiliaries:
            # "which is why": the rest of a sentence that a pause cut off.
            return False
        # "what is", "how many people are": the auxiliary comes at once, or after a short noun.
        follows = opening[1:5] if opening[0] in {"how", "what", "which", "whose"} else opening[1:2]
        return _auxiliary_before_subject(follows, language)
    if opening[0] in language.auxiliaries:
        # "do it now" and "have this" are no questions, "does it work" is.
        orders = opening[0] in {"do", "have"} and opening[1:2] and opening[1] in _THINGS
        return len(opening) > 2 and opening[1] in language.subjects and not orders
    return False


def _auxiliary_before_subject(words: Sequence[str], language: Language) -> bool:
    for word in words:
        if word in language.subjects:
            return False
        if word in language.auxiliaries:
            return True
    return False
