package sandbox

import (
	"encoding/json"
	"errors"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Bills. Permissions are bssapi: and the name of the call (BSS docs: Authorization
// for API calls).
var bssCalls = map[string]operation{
	"QueryAccountBill":     {needs: []string{"BillingCycle"}, params: []string{"BillingDate", "Granularity"}, handle: queryAccountBill},
	"DescribeInstanceBill": {needs: []string{"BillingCycle"}, params: []string{"BillingDate", "Granularity"}, handle: describeInstanceBill},
}

// ErrAmount refuses a bill without a decimal number.
var ErrAmount = errors.New("not a decimal number")

// billingZone is the day of the bills: Beijing's (assumed for both sites).
var billingZone = time.FixedZone("UTC+8", 8*60*60)

// billed is an answer of BSS, which says in the body whether it is one.
func billed(data map[string]any) map[string]any {
	return map[string]any{"Success": true, "Code": "Success", "Message": "Successful!", "Data": data}
}

// unbilled is a refusal of BSS, which comes with status 200.
func unbilled(code, message string) map[string]any {
	return map[string]any{"Success": false, "Code": code, "Message": message}
}

// bills are those of the day that a call asks for, or of its whole month. A bill
// is there some time after its day has ended.
func (c *call) bills() ([]Bill, map[string]any) {
	cycle, day := c.param("BillingCycle"), c.param("BillingDate")
	if c.cloud.behaviour.BillsRefused {
		return nil, unbilled("NotAuthorized", "This API is not authorized for caller.")
	}
	if _, err := time.Parse("2006-01", cycle); err != nil {
		return nil, unbilled("InvalidBillingCycle", "The billing cycle is not valid.") // code not documented
	}
	if c.param("Granularity") == "DAILY" && !strings.HasPrefix(day, cycle+"-") {
		return nil, unbilled("InvalidBillingDate", "The billing date must be in the billing cycle.") // code not documented
	}
	var out []Bill
	for _, b := range c.world.bills {
		at, err := time.ParseInLocation(time.DateOnly, b.Day, billingZone)
		late := err != nil || c.cloud.behaviour.BillLag > 0 && at.AddDate(0, 0, 1).Add(c.cloud.behaviour.BillLag).After(c.now)
		if strings.HasPrefix(b.Day, cycle) && (day == "" || b.Day == day) && !late {
			out = append(out, b)
		}
	}
	return out, nil
}

func queryAccountBill(c *call) (map[string]any, *Error) {
	found, refused := c.bills()
	if refused != nil {
		return refused, nil
	}
	if c.param("IsGroupByProduct") == "true" {
		found = byProduct(found)
	}
	size := clamp(c.param("PageSize"), 20, 1, 300)
	page := clamp(c.param("PageNum"), 1, 1, 1_000_000)
	items := []any{}
	for _, b := range found[min((page-1)*size, len(found)):min(page*size, len(found))] {
		items = append(items, map[string]any{
			"ProductCode": b.Product, "ProductName": b.Name, "PretaxAmount": json.Number(b.Amount), "Currency": b.Currency,
			"BillingDate": c.param("BillingDate"), "SubscriptionType": "PayAsYouGo",
		})
	}
	return billed(map[string]any{
		"AccountID": c.cloud.account, "BillingCycle": c.param("BillingCycle"), "PageNum": page, "PageSize": size,
		"TotalCount": len(found), "Items": map[string]any{"Item": items},
	}), nil
}

// byProduct adds bills up, in the order in which products come first.
func byProduct(all []Bill) []Bill {
	var out []Bill
	at := map[[2]string]int{}
	for _, b := range all {
		i, known := at[[2]string{b.Product, b.Currency}]
		if !known {
			at[[2]string{b.Product, b.Currency}] = len(out)
			out = append(out, Bill{Day: b.Day, Product: b.Product, Name: b.Name, Amount: b.Amount, Currency: b.Currency})
			continue
		}
		x, _ := new(big.Rat).SetString(out[i].Amount) // AddBills took none that is no number
		y, _ := new(big.Rat).SetString(b.Amount)
		out[i].Amount = strings.TrimRight(strings.TrimRight(x.Add(x, y).FloatString(8), "0"), ".")
	}
	return out
}

func describeInstanceBill(c *call) (map[string]any, *Error) {
	found, refused := c.bills()
	if refused != nil {
		return refused, nil
	}
	from := clamp(c.param("NextToken"), 0, 0, len(found))
	to := min(len(found), from+clamp(c.param("MaxResults"), 20, 1, 300))
	items := []any{}
	for _, b := range found[from:to] {
		items = append(items, map[string]any{
			"InstanceID": b.Instance, "ProductCode": b.Product, "ProductName": b.Name, "Region": b.Region,
			"PretaxAmount": json.Number(b.Amount), "Currency": b.Currency, "BillingDate": b.Day,
		})
	}
	data := map[string]any{
		"AccountID": c.cloud.account, "BillingCycle": c.param("BillingCycle"), "TotalCount": len(found), "MaxResults": to - from, "Items": items,
	}
	if to < len(found) {
		data["NextToken"] = strconv.Itoa(to)
	}
	return billed(data), nil
}
