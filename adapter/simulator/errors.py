"""What DingTalk answers when it refuses, word for word, in the three wordings in circulation.

A is short English (2019 to 2022, some codes until today), B is `description:…;solution:…;` and C is
the same in Chinese. Source: `dingtalk-protocol.md` section 6; codes without a captured B or C text
read the same in all three.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

_TO_B: Final = (
    ("错误描述:", "description:"),
    ("解决方案:", "solution:"),
    ("参考链接:", "link:"),
)


@dataclass(frozen=True, slots=True)
class Wording:
    """Hold one refusal: its errcode and its texts, with `{}` for the part that varies."""

    errcode: int
    short: str
    chinese: str = ""
    described: str = ""

    def text(self, style: Literal["A", "B", "C"], value: str = "") -> str:
        """Return the errmsg in one of the three wordings."""
        form = self.chinese or self.short
        if style == "A":
            form = self.short
        elif style == "B":
            form = self.described or form
            for chinese, english in _TO_B:
                form = form.replace(chinese, english)
        return form.replace("{}", value)


class Refused(Exception):  # noqa: N818  # DingTalk's ordinary word, not a failure of the simulator
    """End the checks of a request with one refusal."""

    def __init__(self, wording: Wording, value: str = "") -> None:
        super().__init__(str(wording.errcode))
        self.wording = wording
        self.value = value


_DOCUMENT: Final = "或者在https://open.dingtalk.com/document/"

NO_SUCH_PATH: Final = Wording(404, "请求的URI地址不存在")
NOT_POST: Final = Wording(43002, "需要POST请求")
NO_TOKEN: Final = Wording(40035, "缺少参数 access_token")
NO_JSON: Final = Wording(40035, "缺少参数 json")
UNKNOWN_TOKEN: Final = Wording(300005, "token is not exist")
DISABLED: Final = Wording(400102, "机器人已停用")
REMOVED: Final = Wording(400106, "机器人不存在")
DISSOLVED: Final = Wording(400013, "群已被解散")
CONTENT_TYPE: Final = Wording(43004, "无效的HTTP HEADER Content-Type")
PARAM_ERROR: Final = Wording(300001, "param error")
OVERSIZE: Final = Wording(
    460101,
    "message too long, exceed 20000 bytes",
    "错误描述: body 大小不合法;解决方案:请保持大小在 20000bytes 以内。",
    "description: body 大小不合法;solution:请保持大小在 20000bytes 以内;",
)
ADDRESS: Final = Wording(
    310000,
    "ip {} not in whitelist",
    "错误描述:ip 不在白名单中;解决方案:请联系对应群的管理员，设置机器人安全ip地址段;",
)
SIGNATURE: Final = Wording(
    310000,
    "sign not match",
    "错误描述:机器人发送签名不匹配;解决方案:请确认签名和生成签名的时间戳必须都放在调用的网址中，"
    "请确认机器人的密钥加密和填写正确;"
    f"参考链接:请参考本接口对应文档获得具体要求，{_DOCUMENT}  搜索相关文档;",
)
EXPIRED: Final = Wording(
    310000,
    "invalid timestamp",
    # `timestampms` is a placeholder that DingTalk itself leaves unfilled
    "错误描述:机器人发送签名过期;解决方案:签名生成时间和发送时间请保持在 timestampms 以内;",
)
KEYWORD: Final = Wording(
    310000,
    "keywords not in content",
    "错误描述:关键词不匹配;"
    "解决方案:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;",
)
MESSAGE_TYPE: Final = Wording(
    400105,
    "不支持的消息类型",
    "错误描述: 不支持类型 msgType:{} ;解决方案:请使用支持的类型;"
    f"参考链接:请参考本接口对应文档查看支持的消息类型，{_DOCUMENT} 搜索对应文档;",
)
UNSAFE_LINK: Final = Wording(
    430101,
    "含有不安全的外链",
    "错误描述:本次请求包含安全风险 unSafe URL ;解决方案:请删去可能造成安全风险的内容;",
)
UNSAFE_TEXT: Final = Wording(430102, "含有不合适的文本")
QUOTA: Final = Wording(90030, "webhook over limit")
BUSY: Final = Wording(-1, "系统繁忙")

THROTTLED: Final = {
    "660026": Wording(660026, "sending too many messages per minute"),
    "130101": Wording(130101, "send too fast, exceed 20 times per minute"),
    "410100": Wording(410100, "发送速度太快而限流"),
    "450101": Wording(450101, "send too fast"),
    "90002": Wording(90002, "您的服务器调用钉钉开放平台该接口的请求被暂时禁用了"),
    "90018": Wording(90018, "您的服务器调用钉钉开放平台所有接口的请求都被暂时禁用了"),
}


def missing(errcode: int, path: str) -> Refused:
    """Return the refusal of a message that lacks `path`, such as `markdown->title`."""
    shown = path.replace("->", " --》 ")
    return Refused(
        Wording(
            errcode,
            f"miss param : {path}",
            f"错误描述:参数 {shown} 缺失，或者参数格式不正确; 解决方案:请填充上对应参数;"
            f"参考链接:请参考本接口对应文档查看参数获取方式，{_DOCUMENT}  搜索对应文档;",
            f"description:参数 {shown} 缺失，或者参数格式不正确; solution:请填充上对应参数;"
            f"link:请参考本接口对应文档查看参数获取方式，{_DOCUMENT}  搜索对应文档;",
        )
    )
