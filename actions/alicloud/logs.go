package alicloud

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Logs name the projects of Simple Log Service that hold what ActionTrail does
// not: who read and wrote objects of OSS and logs of SLS. Each is
// "[<region>:]<project>[/<logstore>]", several with commas; the region is the
// account's first, the logstore the one that Alibaba Cloud makes. Empty: people are
// told where to look.
type Logs struct {
	OSS, SLS string
	// Columns are the names of indexed fields where they differ from the documented
	// ones, by "oss.key" and the like: see [LogColumns].
	Columns map[string]string
}

// LogColumns are the columns that queries name, and what they are called unless
// [Logs.Columns] says otherwise. OSS: "Log fields" of its access logs (SLS docs:
// OSS log fields). SLS: of its detailed logs (SLS docs: Service log types), where
// no document names the column of the AccessKey.
func LogColumns() map[string]string {
	return map[string]string{
		"oss.key": "access_id", "oss.ip": "client_ip", "oss.operation": "operation", "oss.error": "error_code", "oss.resource": "bucket",
		"sls.key": "AccessKeyId", "sls.ip": "SourceIP", "sls.operation": "Method", "sls.error": "ErrorCode", "sls.resource": "Project",
	}
}

// logstore is where logs of one kind lie.
type logstore struct{ kind, region, project, store string }

// The kinds of logs, which are the services whose events they hold, and the
// logstores that Alibaba Cloud makes for them (SLS docs: Service log types; OSS
// docs: Real-time log query).
const (
	kindOSS = "oss"
	kindSLS = "sls"

	ossStore = "oss-log-store"
	slsStore = "internal-operation_log"
)

// What names look like (SLS docs: CreateProject, CreateLogStore). A column is
// quoted in a query, so it must not hold a quote.
var (
	projectName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	storeName   = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,61}[a-z0-9]$`)
	columnName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,127}$`)
)

// logs are what a configuration says of logs, read.
type logs struct {
	stores  []logstore
	columns map[string]string
}

func (c Config) logs() (logs, error) {
	out := logs{columns: LogColumns()}
	for name, column := range c.Logs.Columns {
		if _, known := out.columns[name]; !known || !columnName.MatchString(column) {
			return logs{}, fmt.Errorf("%w: logs: no column %q, or not a name of one", ErrConfig, name)
		}
		out.columns[name] = column
	}
	for _, kind := range []struct{ name, given, store string }{
		{kindOSS, c.Logs.OSS, ossStore}, {kindSLS, c.Logs.SLS, slsStore},
	} {
		for text := range strings.SplitSeq(kind.given, ",") {
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			s, err := c.logstore(text, kind.store)
			if err != nil {
				return logs{}, err
			}
			s.kind = kind.name
			out.stores = append(out.stores, s)
		}
	}
	return out, nil
}

func (c Config) logstore(text, store string) (logstore, error) {
	s := logstore{region: c.Regions[0], store: store}
	if region, rest, found := strings.Cut(text, ":"); found {
		s.region, text = region, rest
	}
	project, given, found := strings.Cut(text, "/")
	s.project = project
	if found {
		s.store = given
	}
	switch {
	case !slices.Contains(c.Regions, s.region):
		return s, fmt.Errorf("%w: logs: %q is not among the regions", ErrConfig, s.region)
	case !projectName.MatchString(s.project) || !storeName.MatchString(s.store):
		return s, fmt.Errorf("%w: logs: %q is not a log project", ErrConfig, text)
	}
	return s, nil
}

// has reports whether there are logs of a kind to query.
func (l logs) has(kind string) bool {
	return slices.ContainsFunc(l.stores, func(s logstore) bool { return s.kind == kind })
}
