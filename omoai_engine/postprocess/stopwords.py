"""Words that carry no subject matter, in folded case, for Vietnamese and English.

Short closed lists of function words, with the fillers of speech; for other languages the
summary goes by how common a word is in the transcript itself.
"""

from __future__ import annotations

_ENGLISH = (
    "a about above after again against all also although am an and any are aren't as at be "
    "became because been before being below between both but by came can can't cannot come "
    "could couldn't did didn't do does doesn't doing don't done down during each either else "
    "enough etc even ever every few first for from further get gets getting give go goes "
    "going gone gonna got had hadn't has hasn't have haven't having he he'd he'll he's her "
    "here hers herself him himself his how however i i'd i'll i'm i've if in indeed into is "
    "isn't it it'd it'll it's its itself just kind know last let let's like little lot made "
    "make makes many may maybe me mean might mine more most much must my myself never no nor "
    "not nothing now of off oh ok okay on once one only or other others our ours ourselves "
    "out over own perhaps put quite rather really right said same say says see seem seems "
    "shall she she'd she'll she's should shouldn't since so some something sometimes soon "
    "sort still such take than thank thanks that that's the their theirs them themselves then "
    "there there's these they they'd they'll they're they've thing things think this those "
    "though through thus to too two uh um under until up upon us used very want was wasn't "
    "way we we'd we'll we're we've well went were weren't what what's when where which while "
    "who whole whom whose why will with within without won't would wouldn't yeah yes yet you "
    "you'd you'll you're you've your yours yourself yourselves"
)
_VIETNAMESE = (
    "ai anh à á ạ ấy bà bác bạn bao bây bên bị bởi các cả cái càng chẳng chắc chỉ chị chính "
    "cho chú chúng chưa chứ có cô con còn cũng của cùng cứ dạ do dù đã đang đâu đây đấy đến "
    "đều đi đó được em gì giờ hay hãy họ hoặc hơn khi khác không là lại làm lắm lên lúc mà "
    "mày mấy mình mỗi một mới mọi muốn này nào nay nên nếu ngay người nhé nhỉ như nhưng những "
    "nó nói nơi nữa ông ơi ở phải qua quá ra rằng rất rồi sao sau sẽ số song ta tại tao theo "
    "thế thì thôi thật trên trong trước tôi từ từng tuy tự ừ và vào vẫn vậy về vì việc với "
    "vừa xin xuống xong năm hai ba nhiều nhất để biết thấy"
)
_ENGLISH_LEANING = (
    "and but so for or nor yet therefore however then also because which he she it they his her "
    "their its this that these those there him them"
)
_VIETNAMESE_LEANING = (
    "và nhưng vì nên còn rồi thì mà nó họ hắn đó này ấy vậy thế như cũng song hoặc hay do để lại"
)

STOPWORDS: dict[str, frozenset[str]] = {
    "en": frozenset(_ENGLISH.split()),
    "vi": frozenset(_VIETNAMESE.split()),
}
"""Function words by language."""

LEANING: dict[str, frozenset[str]] = {
    "en": frozenset(_ENGLISH_LEANING.split()),
    "vi": frozenset(_VIETNAMESE_LEANING.split()),
}
"""Words that, at the beginning of a sentence, lean on the one before: alone it says less."""
