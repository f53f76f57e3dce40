package mask

import "bytes"

// A run is digits that may be one number: groups of digits, with one space or
// hyphen between them.
type run struct {
	plus   bool // stands before it
	digits []byte
	groups []group
}

// A group ends a number, if it is one.
type group struct {
	size  int  // digits in it
	total int  // digits up to its end
	end   int  // in the text
	word  bool // it ends a word
}

const maxDigits = 19 // in a card's number; in a phone's there are 15 (E.164)

// number returns which part to hide of the number that starts with the digit
// at i, and where the number ends. If none starts here, there is nothing to
// hide, and none starts before end.
func (m *Masker) number(text []byte, i int) (from, to, end int) {
	if next := escapeEnd(text, i); next > i {
		return next, next, next
	}
	r := &m.run
	r.read(text, i)
	end = r.groups[0].end
	if !startsWord(text, i) {
		return end, end, end
	}
	for n := len(r.groups); n > 0; n-- {
		g := r.groups[n-1]
		if !g.word {
			continue
		}
		if head, tail := m.keeps(r, r.groups[:n]); head > 0 {
			return headEnd(text, i, head), tailStart(text, g.end, tail), g.end
		}
	}
	return end, end, end
}

// escapeEnd returns where the escape (%32) ends that the digit at i belongs
// to, or i.
func escapeEnd(text []byte, i int) int {
	if i >= 1 && text[i-1] == '%' {
		return min(i+2, len(text))
	}
	if i >= 2 && text[i-2] == '%' && class[text[i-1]]&hex != 0 {
		return i + 1
	}
	return i
}

// startsWord says whether the digit at i may be the first of a number: not
// within a word, not behind a decimal point, and not what is left of a number
// that is masked. An escape (%3D, \n) belongs to no word.
func startsWord(text []byte, i int) bool {
	if i == 0 || i >= 3 && text[i-3] == '%' || i >= 2 && text[i-2] == '\\' {
		return true
	}
	if text[i-1] == '.' {
		return i < 2 || class[text[i-2]]&digit == 0
	}
	return class[text[i-1]]&word == 0 && !bytes.HasSuffix(text[:i], []byte(hidden))
}

// endsWord says the same of the last digit of a number, before i.
func endsWord(text []byte, i int) bool {
	if i+1 < len(text) && text[i] == '.' {
		return class[text[i+1]]&digit == 0
	}
	return i == len(text) || class[text[i]]&word == 0 && !bytes.HasPrefix(text[i:], []byte(hidden))
}

// plusBefore says whether a plus, as it is or as %2B, stands before i and
// beside no word.
func plusBefore(text []byte, i int) bool {
	if i >= 1 && text[i-1] == '+' {
		return i < 2 || class[text[i-2]]&word == 0
	}
	return i >= 3 && text[i-3] == '%' && text[i-2] == '2' && text[i-1]|0x20 == 'b'
}

// read reads the groups from the digit at i on, as many as can be one number,
// and at least one.
func (r *run) read(text []byte, i int) {
	r.plus = plusBefore(text, i)
	r.digits, r.groups = r.digits[:0], r.groups[:0]
	for {
		start := i
		for i < len(text) && class[text[i]]&digit != 0 {
			i++
		}
		size := i - start
		if len(r.groups) > 0 && len(r.digits)+size > maxDigits {
			return
		}
		r.digits = append(r.digits, text[start:i]...)
		if size == 17 && len(r.groups) == 0 && i < len(text) && text[i]|0x20 == 'x' {
			r.digits = append(r.digits, 'X') // an identity number's check digit of 10
			size++
			i++
		}
		r.groups = append(r.groups, group{size, len(r.digits), i, endsWord(text, i)})
		if !goesOn(text, i) {
			return
		}
		i++
	}
}

// goesOn says whether another group follows, after a space or a hyphen.
func goesOn(text []byte, i int) bool {
	return i+1 < len(text) && (text[i] == ' ' || text[i] == '-') && class[text[i+1]]&digit != 0
}

// keeps returns how many digits at the number's start and at its end stay, 0
// and 0 if these groups are no number to hide.
func (m *Masker) keeps(r *run, groups []group) (first, last int) {
	digits := r.digits[:groups[len(groups)-1].total]
	switch {
	case m.opts.Identities && len(groups) == 1 && identity(digits),
		m.opts.Phones && phone(r.plus, digits, groups):
		return 3, 2
	case m.opts.Cards && card(digits, groups):
		return 6, 4
	}
	return 0, 0
}

// phone: a mobile number of mainland China in one piece, with or without its
// 86, or as 138 1234 5678; or any number after a plus, of 8 to 15 digits.
func phone(plus bool, digits []byte, groups []group) bool {
	n := len(digits)
	if plus && 8 <= n && n <= 15 && digits[0] != '0' {
		return true
	}
	if n == 13 && len(groups) == 1 && digits[0] == '8' && digits[1] == '6' {
		digits, n = digits[2:], 11
	}
	if n != 11 || digits[0] != '1' || digits[1] < '3' {
		return false
	}
	return len(groups) == 1 || len(groups) == 3 && groups[0].size == 3 && groups[1].size == 4
}

// card: 13 to 19 digits with a right check digit (Luhn, ISO/IEC 7812-1), that
// start as those of the card brands do (3 to 6, or 2221 to 2720), in one piece,
// in fours, or as 4-6-5.
func card(digits []byte, groups []group) bool {
	n := len(digits)
	if n < 13 || n > maxDigits || !brand(digits) || !cardGroups(groups) {
		return false
	}
	sum := 0
	for i, c := range digits {
		d := int(c - '0')
		if (n-i)%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func brand(digits []byte) bool {
	four := string(digits[:4])
	return '3' <= digits[0] && digits[0] <= '6' || len(digits) == 16 && "2221" <= four && four <= "2720"
}

func cardGroups(groups []group) bool {
	if len(groups) == 3 && groups[0].size == 4 && groups[1].size == 6 && groups[2].size == 5 {
		return true
	}
	for i, g := range groups[:len(groups)-1] {
		if g.size != 4 || groups[i+1].size > 4 {
			return false
		}
	}
	return true
}

// identity: a number of China's identity cards (GB 11643): six digits for the
// place, eight for the day of birth, three more, and a check digit of ISO 7064.
func identity(d []byte) bool {
	if len(d) != 18 {
		return false
	}
	century, month, day := string(d[6:8]), string(d[10:12]), string(d[12:14])
	if century != "19" && century != "20" || month < "01" || month > "12" || day < "01" || day > "31" {
		return false
	}
	sum := 0
	for _, c := range d[:17] {
		sum = (sum + int(c-'0')) * 2 % 11
	}
	return d[17] == "10X98765432"[sum]
}

// headEnd returns where n digits from i on end.
func headEnd(text []byte, i, n int) int {
	for ; ; i++ {
		if class[text[i]]&digit != 0 {
			if n--; n == 0 {
				return i + 1
			}
		}
	}
}

// tailStart returns where the last n digits before end start.
func tailStart(text []byte, end, n int) int {
	for i := end - 1; ; i-- {
		if class[text[i]]&digit != 0 || text[i]|0x20 == 'x' {
			if n--; n == 0 {
				return i
			}
		}
	}
}
