package numfmt

// Builtin is the code of a format that a workbook names by number only (ECMA-376 part 1, 18.8.30), as Excel shows it in China
// or elsewhere. What follows the settings of the machine elsewhere is written so that day and month cannot be mistaken for each
// other; money of a currency that is not known gives no code, and false.
func Builtin(id int, china bool) (code string, ok bool) {
	if china {
		if code, ok = builtinChina()[id]; ok {
			return code, true
		}
	}
	code, ok = builtinAnywhere()[id]
	return code, ok
}

func builtinAnywhere() map[int]string {
	return map[int]string{
		0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
		14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
		22: "yyyy-mm-dd h:mm", 37: `#,##0_);\(#,##0\)`, 38: `#,##0_);[Red]\(#,##0\)`, 39: `#,##0.00_);\(#,##0.00\)`, 40: `#,##0.00_);[Red]\(#,##0.00\)`,
		41: `_(* #,##0_);_(* \(#,##0\);_(* "-"_);_(@_)`, 43: `_(* #,##0.00_);_(* \(#,##0.00\);_(* "-"??_);_(@_)`,
		45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
	}
}

func builtinChina() map[int]string {
	const (
		month    = `yyyy"年"m"月"`
		day      = `m"月"d"日"`
		halfHour = `上午/下午h"时"mm"分"`
		halfTime = `上午/下午h"时"mm"分"ss"秒"`
	)
	return map[int]string{
		5: `"¥"#,##0;"¥"\-#,##0`, 6: `"¥"#,##0;[Red]"¥"\-#,##0`, 7: `"¥"#,##0.00;"¥"\-#,##0.00`, 8: `"¥"#,##0.00;[Red]"¥"\-#,##0.00`,
		14: "yyyy/m/d", 22: "yyyy/m/d h:mm", 27: month, 28: day, 29: day, 30: "m-d-yy", 31: `yyyy"年"m"月"d"日"`, 32: `h"时"mm"分"`, 33: `h"时"mm"分"ss"秒"`,
		34: halfHour, 35: halfTime, 36: month, 37: `#,##0;\-#,##0`, 38: `#,##0;[Red]\-#,##0`, 39: `#,##0.00;\-#,##0.00`, 40: `#,##0.00;[Red]\-#,##0.00`,
		41: `_ * #,##0_ ;_ * \-#,##0_ ;_ * "-"_ ;_ @_ `, 42: `_ "¥"* #,##0_ ;_ "¥"* \-#,##0_ ;_ "¥"* "-"_ ;_ @_ `,
		43: `_ * #,##0.00_ ;_ * \-#,##0.00_ ;_ * "-"??_ ;_ @_ `, 44: `_ "¥"* #,##0.00_ ;_ "¥"* \-#,##0.00_ ;_ "¥"* "-"??_ ;_ @_ `,
		50: month, 51: day, 52: month, 53: day, 54: day, 55: halfHour, 56: halfTime, 57: month, 58: day,
	}
}
