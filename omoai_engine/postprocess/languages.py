"""What the rules know of a language: words that open, carry or end a sentence, a question, a
name.

Closed lists made for this program, of words in folded case. Vietnamese and English are known; of
any other language nothing is, and pauses and lengths decide alone.
"""

from __future__ import annotations

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
    turns: frozenset[str] = frozenset()
    """Words that turn what was said: a mark stands before them even without a pause."""
    subordinates: frozenset[str] = frozenset()
    """Words that begin a clause which another one has to follow ("when", "nếu")."""
    closers: frozenset[str] = frozenset()
    """Words that often end a sentence before a pause (particles)."""
    tags: tuple[tuple[str, ...], ...] = ()
    """Short questions behind a statement, set apart by a comma (English)."""
    openers: tuple[tuple[str, ...], ...] = ()
    """Openings that a comma sets apart from their sentence ("however", "well")."""
    calls: frozenset[str] = frozenset()
    """Words that end a call to somebody at the beginning of a sentence ("anh ơi")."""
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
    asks_alone: frozenset[str] = frozenset()
    """Words of `question_ends` that are a question by themselves."""
    question_inside: frozenset[str] = frozenset()
    """Words that ask wherever they stand near the end of a sentence, unless one of `denials`
    stands before them or one of `not_asking` right behind (Vietnamese)."""
    denials: frozenset[str] = frozenset()
    not_asking: frozenset[str] = frozenset()
    lead_ins: frozenset[str] = frozenset()
    """Words skipped when the opening of a sentence is looked at ("and", "so", "thế")."""
    names: tuple[tuple[str, ...], ...] = ()
    """Names that are nothing but names, word by word."""
    named_after: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()
    """Pairs: a word of the second set is a name right behind one of the first ("in may", "tiếng
    anh")."""
    family_names: frozenset[str] = frozenset()
    middle_names: frozenset[str] = frozenset()
    """A family name, a middle name and one word more are a person (Vietnamese)."""
    acronyms: frozenset[str] = frozenset()
    """Words written in capitals throughout."""
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
    turns=_set("but"),
    tags=_phrases(
        "isn't it,aren't you,don't you,doesn't it,won't you,can't you,wasn't it,didn't you,"
        "didn't he,didn't she,isn't he,isn't she,aren't they,don't they,shall we,will you"
    ),
    subordinates=_set(
        "when if although though because while since whenever whatever unless once as whereas "
        "after before until"
    ),
    openers=_phrases(
        "however,well,therefore,nevertheless,moreover,furthermore,for example,for instance,"
        "of course,in fact,on the other hand,first of all,by the way,yes,no,okay,ok,oh,"
        "in other words,in addition,as a result,unfortunately,fortunately,finally,anyway"
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
        "god,jesus,google,microsoft,facebook,youtube,china,chinese,hong kong,taiwan,thailand,"
        "thai,singapore,malaysia,indonesia,philippines,laos,cambodia,brazil,mexico,mexican,"
        "portugal,portuguese,netherlands,dutch,belgium,sweden,swedish,norway,norwegian,finland,"
        "finnish,denmark,danish,poland,greece,greek,egypt,egyptian,israel,iran,iraq,"
        "ukraine,ukrainian,scotland,scottish,ireland,irish,wales,welsh,switzerland,swiss,austria,"
        "hungary,hungarian,tokyo,beijing,shanghai,seoul,moscow,berlin,munich,rome,roman,venice,"
        "florence,milan,madrid,barcelona,lisbon,amsterdam,brussels,vienna,athens,dublin,edinburgh,"
        "chicago,boston,los angeles,san francisco,philadelphia,florida,oxford,cambridge,sydney,"
        "melbourne,toronto,montreal,vancouver,delhi,mumbai,bangkok,jakarta,manila,da nang,"
        "latin,hebrew,arabic,christian,catholic,bible,easter,antarctica,atlantic,pacific,"
        "mediterranean,wikipedia,amazon,twitter,instagram"
    ),
    named_after=(
        (
            _set("in last next since until early late mid by every this"),
            _set("may march august"),
        ),
    ),
    acronyms=_set(
        "tv usa uk eu un fbi cia bbc nasa nato dna hiv ceo gps pc cd dvd pdf usb html http url "
        "cpu gpu ai"
    ),
    titles=_set("mr mrs ms dr"),
    always_capital=_set("i i'm i'll i've i'd"),
)

VIETNAMESE = Language(
    joins=_set("mà vì nên song tuy thì còn hoặc rồi và bởi hay"),
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
    turns=_set("nhưng"),
    subordinates=_set("khi nếu vì tuy dù mặc bởi do trong sau trước để kể giá hễ"),
    closers=_set("à ạ hả nhỉ nhé nhá nha đấy thôi rồi nữa lắm quá vậy thế chứ đi sao đâu nào hết"),
    openers=_phrases(
        "tuy nhiên,vâng,dạ,vâng ạ,ừ,ồ,à,thưa các bạn,ví dụ,chẳng hạn,nói cách khác,ngoài ra,"
        "trước hết,trước tiên,đầu tiên,cuối cùng,tóm lại,nói chung,thật ra,thực ra,do đó,vì vậy,"
        "vì thế,bởi vậy,mặt khác,hơn nữa"
    ),
    calls=_set("ơi"),
    question_starts=_phrases(
        "vậy còn,thế còn,có đúng,"
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
        "á,hử,"
        "đúng chưa,xong chưa,chưa nhỉ,thế à,vậy à,thật à,thật không,sao"
    ),
    statement_marks=_phrases(
        "những gì,đâu có,nào có,đâu phải,dám chắc,"
        "không biết,chưa biết,chẳng biết,không hiểu,chưa hiểu,chẳng hiểu,đều biết,đã biết,"
        "cho biết,không nhớ,không rõ,chưa rõ,không cần biết,dù sao,không sao,chẳng sao,có sao đâu,"
        "cho dù,mặc dù,bất kể,bất cứ,dù ai,không có gì,chẳng có gì,không làm gì,không nói gì,"
        "không ai,chẳng ai,không đi đâu,xem thế nào,vẫn chưa,còn chưa,hay chưa biết,thu không,"
        "thì không,hoặc không,thưa không,ngôi sao,kẽ hở,khe hở,sơ hở,không bao giờ,chưa bao giờ,"
        "chẳng bao giờ,bao giờ cũng,không lúc nào,biết đấy,biết rõ,biết được,hỏi xem,xem sao"
    ),
    asks_alone=_set("hả hử sao"),
    question_inside=_set("gì sao đâu nào nhiêu"),
    denials=_set("không chẳng chưa chả đừng khỏi dù nếu cứ đều cũng bất biết hiểu những thấy"),
    not_asking=_set("đó đấy cũng khác cả hết được nhất có phải mà nấy"),
    lead_ins=_set("và nhưng thế vậy thì ồ ừ vâng dạ ơ này à rồi"),
    names=_phrases(
        "việt nam,hà nội,hồ chí minh,sài gòn,đà nẵng,hải phòng,cần thơ,nha trang,đà lạt,vũng tàu,"
        "quảng ninh,quảng nam,nghệ an,hà tĩnh,thanh hóa,trung quốc,nhật bản,hàn quốc,thái lan,"
        "hoa kỳ,campuchia,đông nam á,châu á,châu âu,châu phi,liên hợp quốc,"
        "điện biên phủ,mê kông,bác hồ,singapore,google,facebook,youtube,"
        "an giang,bà rịa,bạc liêu,bắc giang,bắc kạn,bắc ninh,bến tre,bình dương,bình định,"
        "bình phước,bình thuận,cà mau,cao bằng,đắk lắk,đắk nông,điện biên,đồng nai,đồng tháp,"
        "gia lai,hà giang,hà nam,hải dương,hậu giang,hưng yên,khánh hòa,kiên giang,kon tum,"
        "lai châu,lâm đồng,lạng sơn,lào cai,long an,nam định,ninh bình,ninh thuận,phú thọ,phú yên,"
        "quảng bình,quảng ngãi,quảng trị,sóc trăng,sơn la,tây ninh,thái bình,thái nguyên,"
        "thừa thiên,tiền giang,trà vinh,tuyên quang,vĩnh long,vĩnh phúc,yên bái,phú quốc,côn đảo,"
        "hạ long,sa pa,hội an,trường sa,hoàng sa,tây nguyên,thăng long,sông hồng,sông hương,"
        "trung hoa,triều tiên,ấn độ,hy lạp,thụy sĩ,thụy điển,đan mạch,na uy,phần lan,hà lan,"
        "bồ đào nha,tây ban nha,thổ nhĩ kỳ,ai cập,úc,nga,mỹ la tinh,châu mỹ,châu úc,"
        "thái bình dương,đại tây dương,ấn độ dương,bắc kinh,thượng hải,luân đôn,pa ri,tô ky ô,"
        "thiên chúa,đức phật,đức mẹ,chúa giê su"
    ),
    named_after=(
        (
            _set("nước tiếng người"),
            _set("việt anh pháp đức mỹ nhật hàn nga ý thái lào trung hoa úc tây"),
        ),
        (_set("phố quận đường"), _set("huế")),
        (_set("sao"), _set("thổ hoả hỏa kim mộc thủy")),
    ),
    family_names=_set(
        "nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý đinh đoàn trịnh "
        "mai cao"
    ),
    middle_names=_set("văn thị hữu đình quốc đức minh thanh xuân ngọc công quang hoàng duy bá"),
    acronyms=_set("gdp usd vnd wto asean unesco tp"),
)

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
