package dingtalk

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"twokey/bot"
)

// DingTalk's Markdown has no escapes that all its clients know, so signs that mean
// something in it are shown as their full-width forms. Letters, digits and most signs
// of ids, paths and addresses stay what they are.
var lookalikes = strings.NewReplacer(
	"[", "［", "]", "］", "<", "＜", ">", "＞", "*", "＊", "~", "～", "`", "｀", "\\", "＼", "|", "｜", "&", "＆", "$", "＄",
	"://", "：//", "@", "＠",
)

// numbered is a line that would begin a list.
var numbered = regexp.MustCompile(`^\d+[.)](?:\s|$)`)

// home is the beginning of an address that may be one: Alibaba Cloud's own console,
// which guided steps send people to.
var home = regexp.MustCompile(`https：//((?:[a-z0-9-]+\.)+console\.(?:aliyun|alibabacloud)\.com/)`)

// inert is text as a card shows it: nothing in it is a mention, a link, a picture or a
// format. It is foreign text's only way into a card or a message.
func inert(text string) string {
	text = home.ReplaceAllString(alone(lookalikes.Replace(bot.Inert(text))), "https://$1")
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = begun(line)
	}
	return strings.Join(lines, newLine)
}

// newLine ends a line within a paragraph: two blanks, as DingTalk's Markdown wants it.
const newLine = "  \n"

// begun is a line that is no heading, no list and no rule. Blanks before it go: four
// would make code of it.
func begun(line string) string {
	line = strings.TrimLeftFunc(line, unicode.IsSpace)
	if line != "" && strings.ContainsRune("#-+=!", rune(line[0])) {
		return wide(line[:1]) + line[1:]
	}
	if list := numbered.FindString(line); list != "" {
		return wide(list) + line[len(list):]
	}
	return line
}

// alone shows an underscore in full width, unless it joins two letters or digits: there
// it is part of a name, and means nothing.
func alone(text string) string {
	if !strings.Contains(text, "_") {
		return text
	}
	var out strings.Builder
	before := ' '
	for i, r := range text {
		after, _ := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):])
		if r == '_' && (!joins(before) || !joins(after)) {
			out.WriteString(wide("_"))
		} else {
			out.WriteRune(r)
		}
		before = r
	}
	return out.String()
}

func joins(r rune) bool { return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// wide is an ASCII sign in full width.
func wide(sign string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < utf8.RuneSelf {
			return r + 0xFEE0
		}
		return r
	}, sign)
}
