package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Doc is a message or a modal as a bot sent it.
type Doc struct {
	View bool
	JSON json.RawMessage // a modal, or a message's text, blocks and attachments
}

// CheckTypes compiles all documents against @slack/types in one run, and joins an
// error for each that is not of Slack's types. They know shapes, not lengths. The
// folder is this one, as seen from the test; scratch is an empty folder.
func CheckTypes(ctx context.Context, folder, scratch string, docs []Doc) error {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	modules := filepath.Join(folder, "node_modules")
	config := object{
		"compilerOptions": object{
			"strict": true, "noEmit": true, "skipLibCheck": true, "target": "es2022", "module": "nodenext",
			"paths": object{"@slack/types": []string{filepath.Join(modules, "@slack", "types", "dist", "index.d.ts")}},
		},
		"files": []string{"docs.mts"},
	}
	b, err := json.Marshal(config)
	if err != nil {
		return err
	}
	files := map[string]string{"tsconfig.json": string(b), "docs.mts": source(docs)}
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(scratch, name), []byte(body), 0o600); err != nil {
			return err
		}
	}
	tsc := exec.CommandContext(ctx, "node", filepath.Join(modules, "typescript", "bin", "tsc"), "--pretty", "false") //nolint:gosec // a test's own folder
	tsc.Dir = scratch
	out, err := tsc.CombinedOutput()
	if err == nil {
		return nil
	}
	return complaints(docs, string(out))
}

// head is all that stands above the documents; each of them has one line.
const head = `import type { KnownBlock, MessageAttachment, ModalView } from "@slack/types"; interface Message { text?: string; blocks?: KnownBlock[]; attachments?: MessageAttachment[] }`

func source(docs []Doc) string {
	var b strings.Builder
	b.WriteString(head + "\n")
	for i, d := range docs {
		kind := "Message"
		if d.View {
			kind = "ModalView"
		}
		fmt.Fprintf(&b, "export const d%d: %s = %s;\n", i, kind, strings.ReplaceAll(string(d.JSON), "\n", " "))
	}
	return b.String()
}

var complaint = regexp.MustCompile(`(?m)^docs\.mts\((\d+),\d+\): error (.*(?:\n .*)*)`)

// complaints are tsc's, each with the document that it is about.
func complaints(docs []Doc, out string) error {
	var all []error
	for _, m := range complaint.FindAllStringSubmatch(out, -1) {
		line, _ := strconv.Atoi(m[1]) // digits
		if i := line - 2; i >= 0 && i < len(docs) {
			all = append(all, fmt.Errorf("document %d: %s\n%s", i, m[2], docs[i].JSON))
		}
	}
	if len(all) == 0 {
		return errors.New("tsc: " + out)
	}
	return errors.Join(all...)
}
