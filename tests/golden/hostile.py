# SPDX-License-Identifier: Apache-2.0
"""Texts chosen to break tokenizers, for the scripts that make golden values."""

HOSTILE = [
    "", " ", "  ", "\n", "\t\t", "a", "é", "e\u0301", "Hello, world!", " leading and trailing  ", "a  b   c    d",
    "It's we're I'll you'd they've I'm don't 'S 'T", "IT'S 'twas ''s '' '", "0123456789", "3.14159e-26", "1,234,567.89",
    "x1y22z333", "10.5 % of 3,000", "१२३ ٤٥٦ ⅷ ½ ² ③ 𝟘𝟙", "\u00a0nbsp\u00a0\u2003em\u3000wide", "line\r\nline\rline\u2028sep\u2029par",
    "zero\u200bwidth\u200cjoin\u200der", "\ufeffBOM first", "mid\ufeffdle", "NUL\x00in\x00side", "\x00", "a\x01b\x02c\x1fd\x7fe",
    "\x80\x85\x9f c1", "bad \ufffd char \ufffd\ufffd", "😀", "😀😃 smile", "👩‍👩‍👧‍👦 family", "👍🏽 tone", "🇩🇪🇫🇷 flags", "❤️ heart ❤",
    "中文字符", "中文 and English 混合", "日本語のテキスト、ひらがなカタカナ。", "한국어 텍스트", "각 \u1100\u1161\u11a8", "שלום עולם", "שָׁלוֹם", "مرحبا بالعالم",
    "مَرْحَبًا", "हिन्दी में पाठ", "ภาษาไทย", "ελληνικά ΣΊΣΥΦΟΣ ς", "Ὀδυσσεύς ᾳ ΐ", "Привет, мир! ЁЖ ёж й", "İstanbul ıI ǅ ŒUVRE ß ẞ ﬁ ﬂ",
    "naïve façade Ångström Å Å", "Z̸̡̢̛͎̲a̷̡̗l̶̨g̵̪o̴", "a" + "\u0301" * 50, "\u0301alone", "q\u0323\u0307 q\u0307\u0323", "\u0344 \u0958 \u2126 \uf900 \ufa30 \u2f800",
    "a" * 99, "a" * 100, "a" * 101, "ab" * 500, "é" * 100, "é" * 101, "-" * 300, " " * 200, "\n" * 77 + " x", "    indented\n\tcode()\n", "=" * 64,
    "supercalifragilisticexpialidocious", "antidisestablishmentarianism " * 3, "https://example.org/a?b=c&d=%20#e", "user@host.tld", "C++ C# F#",
    "“quoted” ‘single’ — em–en… «g»", "a/b\\c|d~e`f^g", "$100 €50 £5 ¥7 ₿", "∑∫√∞≈≠≤≥ ⊕⊗ ℝℕ 𝕏𝒳", "x²+y²=z² H₂O", "①②③ ㈱ ㎏", "\u202eRTL override\u202c", "\u2066iso\u2069",
    "\U000f0000 private \ue000", "\U0010ffff\ufffe", "\u0378 unassigned", "\u180e mongolian\u180espace", "\u1680ogham \u205fmath",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", "<|endoftext|><|im_end", "x<|im_end|>y<|im_end|>", "<|im_start|", "[CLS] [MASK] [SEP][PAD][UNK]", "[MASK]ed [mask]",
    "##ing un##able", "Smith et al., 2019", "( Smith et al . , 2005 )", "camelCaseIdentifier snake_case_name", "\U00020000\U0002a6d6 ext", "\u3400\u4dbf\u9fff\uac00",
    "ｆｕｌｌｗｉｄｔｈ １２３", "𐍈 gothic 𒀀 cuneiform", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "\U0001f1e6", "e\u0301\u0302\u0303" * 20, "தமிழ் తెలుగు বাংলা", "ᏣᎳᎩ ꮳꮃꭹ", "ǆ ǅ Ǆ ﬀ",
    "tab\tsep\tvals", " \t \n \r\n  ", "a \u0301b", "1\u03012", "\u0660\u0661", "ﷺ", "x" * 40 + "\u0000" + "y" * 40, "don’t ‘tis it’s",
]

# What is no UTF-8: lone bytes, characters cut short, overlong forms, surrogates, beyond Unicode.
HOSTILE_BYTES = [
    b"\xff", b"a\xffb", b"\xe4\xb8", b"\xe4\xb8 x", b"ab\xc3", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80x", b"\xf4\x90\x80\x80",
    b"\xf0\x9f\x98", b"caf\xe9 au lait", b"\x80\x80\x80", "é".encode()[:1] + "中".encode() + b"\xff\xfe end",
]
