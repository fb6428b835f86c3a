package alicloud

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/alibabacloud-go/tea/tea"

	"twokey/actions"
	"twokey/incident"
)

// Codes of this package, beside Alibaba Cloud's own. Their words are in the
// catalogs of languages.
const (
	CodeNothingToDo = "NothingToDo"
	CodeNoTarget    = "NoTarget"
	CodeOwnIdentity = "OwnIdentity"
	CodeOther       = "OtherAccount"     // the target is of another account
	CodeMoved       = "OtherOwner"       // the key or name belongs to another user now
	CodeDiffers     = "QuarantineEdited" // a policy of that name has another content
	CodeRoot        = "RunsAsRoot"       // the bot was given root's credentials
	CodeParameter   = "BadParameter"     // a parameter of the plan cannot be read
	CodeWrongStep   = "WrongStep"        // a plan of another step
	CodeNoInstance  = "NoInstance"       // it is not said which instance: ecs.find_caller finds it
	CodeNoRole      = "NoRole"           // it is not said which role
	CodeNotECSRole  = "InvalidRamRole.NotEcsRole"
	CodeOtherRole   = "InstanceHasRole" // the instance has another role, and can have one only
	CodePassRole    = "InvalidUser.PassRoleForbidden"
	CodePartly      = "PartlyDone"       // a call about several things did some of them
	CodeUserDeleted = "UserInRecycleBin" // the key's user is deleted: restore the user first
	CodeNoReceiver  = "NoReceiver"       // nobody is configured to get the user's new key, or somebody else than people agreed to
	CodeSlotsFull   = "KeySlotsFull"     // the user has as many keys as RAM allows

	CodeNameThem    = "NothingNamed"           // say which permissions
	CodeNotAttached = "NotAttached"            // the user does not have what is named
	CodeHoldsThief  = "QuarantineStays"        // what is named holds the thief
	CodeUndoOnly    = "UndoOnly"               // only taking a plan back says what to give back
	CodeNameRole    = "NoRoleNamed"            // say which role
	CodeProtected   = "ProtectedRole"          // configured as protected, or a cloud service's own
	CodeNameTaken   = "NameTaken"              // somebody else has the deleted user's name now
	CodePreference  = "PreferencesChanged"     // a write changed more than it should have; all was put back
	CodeNoPolicy    = "QuarantineMissing"      // the account has no quarantine policy, and the bot may not make one
	CodeNoGroup     = "QuarantineGroupMissing" // the user has no room for a policy, and there is no quarantine group
	CodeGroupEdited = "QuarantineGroupEdited"  // the group has other policies than the quarantine's
	CodeTooLong     = "QuarantineTooLong"      // the policy is longer than the account allows
	CodeNoSource    = "NoKnownSource"          // no address to fence a key around

	codeTrailSilent = "TrailSilent" // nothing is known because the trail did not answer
	codeSeal        = "Seal"
	codeObserving   = "Observing"
	codeTimeout     = "Timeout"
	codeCanceled    = "Canceled"
	codeNetwork     = "Network"
	codeBusy        = "RateLimit"
	codeCredentials = "Credentials"
	codeAnswer      = "BadAnswer"
	codeStillActive = "KeyStillActive"
)

var (
	errCredentials = errors.New("no credentials")
	errAnswer      = errors.New("the answer cannot be read")
)

// ErrRoot says that the bot was given root's credentials, which it must never
// hold.
var ErrRoot = errors.New("these are the root user's credentials")

// ErrOtherAccount says that the credentials, or a target, are of another account
// than the configured one.
var ErrOtherAccount = errors.New("of another account")

// ErrDiffers says that the account has a policy of the quarantine policy's name
// with another content. It is never overwritten.
var ErrDiffers = errors.New("the quarantine policy has another content")

// translate turns what the SDK returned into an [actions.Error] that holds
// nothing of the request.
func translate(ctx context.Context, op string, err error) error {
	var done *actions.Error
	var refused *tea.SDKError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &done):
		return done
	case errors.As(err, &refused):
		return refusal(op, refused)
	case errors.Is(err, errCredentials):
		return &actions.Error{Op: op, Code: codeCredentials, Again: true}
	case errors.Is(err, errAnswer):
		return &actions.Error{Op: op, Code: codeAnswer, Again: true}
	case errors.Is(err, context.Canceled) || errors.Is(ctx.Err(), context.Canceled):
		return &actions.Error{Op: op, Code: codeCanceled, Again: true, Err: context.Canceled}
	case errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil:
		return &actions.Error{Op: op, Code: codeTimeout, Again: true, Err: context.DeadlineExceeded}
	default:
		return &actions.Error{Op: op, Code: codeNetwork, Again: true}
	}
}

// codeShape is what a code looks like. Anything else is some text from outside.
var codeShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,99}$`)

func refusal(op string, e *tea.SDKError) *actions.Error {
	status, code := tea.IntValue(e.StatusCode), tea.StringValue(e.Code)
	if !codeShape.MatchString(code) {
		code = "HTTP." + strconv.Itoa(status)
	}
	again := status >= http.StatusInternalServerError || status == http.StatusTooManyRequests
	for _, passing := range []string{"Throttling", "Rejected.Throttling", "ServiceUnavailable", "InternalError"} {
		again = again || strings.HasPrefix(code, passing)
	}
	return &actions.Error{Op: op, Code: code, Again: again, Lacks: lacking(op, code, e)}
}

// lacking is the permission without which a call was refused: as the answer names
// it, else the call's own name. Products call the refusal differently (RAM docs:
// Error codes; ECS docs: Forbidden.RAM).
func lacking(op, code string, e *tea.SDKError) string {
	if code == "Forbidden.ResourceNotFound" { // KMS: it is not there
		return ""
	}
	if code != "NoPermission" && code != "Forbidden" && code != "NotAuthorized" && !strings.HasPrefix(code, "Forbidden.") {
		return ""
	}
	if action, ok := e.AccessDeniedDetail["AuthAction"].(string); ok && actionShape.MatchString(action) {
		return action
	}
	return op
}

var actionShape = regexp.MustCompile(`^[a-z][a-z0-9-]{0,40}:[A-Za-z][A-Za-z0-9]{0,80}$`)

// throttled reports that the cloud turned the call away before doing anything.
func throttled(err error) bool {
	code := actions.Code(err)
	return strings.HasPrefix(code, "Throttling") || strings.HasPrefix(code, "Rejected.Throttling") || code == codeBusy
}

// absent reports that the cloud knows no such user, key, policy or attachment.
func absent(err error) bool { return strings.HasPrefix(actions.Code(err), "EntityNotExist") }

func nothingToDo(step string) error {
	return &actions.Error{Op: step, Code: CodeNothingToDo, Err: actions.ErrNothingToDo}
}

// unnamed says that a plan needs to be told what it is about.
func unnamed(step, code string) error {
	return &actions.Error{Op: step, Code: code, Err: actions.ErrNotNamed}
}

func noTarget(op string) error {
	return &actions.Error{Op: op, Code: CodeNoTarget, Err: actions.ErrNoTarget}
}

func ownIdentity(op string) error {
	return &actions.Error{Op: op, Code: CodeOwnIdentity, Err: actions.ErrOwnIdentity}
}

func stillActive(op string) error {
	return &actions.Error{Op: op, Code: codeStillActive, Err: incident.KeyStillActive}
}

func inconsistent(op string) error {
	return &actions.Error{Op: op, Code: codeAnswer, Again: true} // two reads that contradict each other: lag
}
