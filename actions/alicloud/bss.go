package alicloud

import (
	"context"
	"encoding/json"
	"math/big"
	"regexp"
	"strconv"

	"twokey/actions"
)

const bssVersion = "2017-12-14"

// billPage is how many lines one call returns at the most (BSS docs:
// QueryAccountBill, DescribeInstanceBill).
const billPage = 300

// bss makes one call to BSS, which refuses with status 200 and the reason in the
// body. Its permissions are called bssapi: and the name of the call (BSS docs:
// Authorization for API calls).
func (a *Account) bss(ctx context.Context, action string, p params, data any) error {
	op := "bssapi:" + action
	var out struct {
		Success *bool
		Code    string
		Data    json.RawMessage
	}
	if err := a.call(ctx, look(op), a.endpoints.bss, bssVersion, action, p, &out); err != nil {
		return err
	}
	switch {
	case out.Success != nil && !*out.Success || out.Success == nil && out.Code != "" && out.Code != "Success":
		return a.refusedInBody(op, out.Code)
	case len(out.Data) == 0 || json.Unmarshal(out.Data, data) != nil:
		return inconsistent(op)
	}
	return nil
}

func (a *Account) refusedInBody(op, code string) error {
	if !codeShape.MatchString(code) {
		code = codeAnswer
	}
	e := &actions.Error{Op: op, Code: code, Again: throttled(&actions.Error{Code: code}) || code == "InternalError" || code == codeAnswer}
	if code == "NotAuthorized" || code == "NoPermission" {
		e.Lacks = op
	}
	return e
}

// line is one line of a bill. Amounts are decimal numbers, as they travel: sums of
// fractions that a computer rounds would not be what the bill says.
type line struct {
	ProductCode, ProductName, Region, Currency string
	PretaxAmount                               json.Number
}

// amount is the line's amount; zero for what is no number.
func (l line) amount() *big.Rat {
	if r, ok := new(big.Rat).SetString(l.PretaxAmount.String()); ok {
		return r
	}
	return new(big.Rat)
}

// productBills adds one day's bill by product (BSS docs: QueryAccountBill).
func (a *Account) productBills(ctx context.Context, day string, into ledger) error {
	read := 0
	for page := 1; page <= maxPages; page++ {
		var out struct {
			Items      struct{ Item []line }
			TotalCount int
		}
		p := dayOf(day)
		p["IsGroupByProduct"], p["PageNum"], p["PageSize"] = "true", strconv.Itoa(page), strconv.Itoa(billPage)
		if err := a.bss(ctx, "QueryAccountBill", p, &out); err != nil {
			return err
		}
		for _, l := range out.Items.Item {
			into.add(billed{what: label(or(l.ProductName, l.ProductCode)), currency: label(l.Currency)}, day, l.amount())
		}
		if read += len(out.Items.Item); read >= out.TotalCount || len(out.Items.Item) == 0 {
			return nil
		}
	}
	return &actions.Error{Op: "bssapi:QueryAccountBill", Code: codeAnswer, Err: errTooMany}
}

// regionBills adds one day's bill by region (BSS docs: DescribeInstanceBill). What
// has no region is billed for the whole world.
func (a *Account) regionBills(ctx context.Context, day string, into ledger) error {
	p := dayOf(day)
	p["MaxResults"] = strconv.Itoa(billPage)
	for range maxPages {
		var out struct {
			Items     []line
			NextToken string
		}
		if err := a.bss(ctx, "DescribeInstanceBill", p, &out); err != nil {
			return err
		}
		for _, l := range out.Items {
			if l.Region != "" {
				into.add(billed{what: label(l.Region), currency: label(l.Currency)}, day, l.amount())
			}
		}
		if out.NextToken == "" {
			return nil
		}
		p["NextToken"] = out.NextToken
	}
	return &actions.Error{Op: "bssapi:DescribeInstanceBill", Code: codeAnswer, Err: errTooMany}
}

// dayOf asks for one day. Its month goes along as the billing cycle.
func dayOf(day string) params {
	return params{"BillingCycle": day[:len("2006-01")], "BillingDate": day, "Granularity": "DAILY"}
}

// unprintable is what a name on a bill does not need.
var unprintable = regexp.MustCompile(`[\p{C}]+`)

const maxLabel = 80

// label is a name on a bill, in whatever language the account has.
func label(text string) string {
	clean := []rune(unprintable.ReplaceAllString(text, " "))
	return string(clean[:min(maxLabel, len(clean))])
}
