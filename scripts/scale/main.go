//go:build unix

// Command scale measures what the program takes for lists of several sizes: seconds, processor time and the most memory that
// the process ever held, as the system accounts for it. The real binary sends to a receiver on this machine that answers at
// once. It judges nothing: it prints the sizes side by side.
//
//	go run ./scripts/scale [-binary bin/notify] [-sizes 200000,1000000] [-only '^(send|status)$']
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/xuri/excelize/v2"
)

func main() {
	binary := flag.String("binary", "bin/notify", "the program")
	sizes := flag.String("sizes", "200000,1000000", "people on each list")
	only := flag.String("only", "", "commands whose name matches, and no others: each works on what those before it left")
	folder := flag.String("dir", "", "where lists and ledgers are made, and kept; empty: a temporary folder")
	list := flag.String("make-list", "", "only make this list, of -sizes people")
	receive := flag.Bool("receive", false, "only receive, and print the address")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := func() error {
		switch {
		case *receive:
			return receiver(ctx)
		case *list != "":
			n, err := strconv.Atoi(*sizes)
			return errors.Join(err, makeList(*list, n))
		}
		names, err := regexp.Compile(*only)
		if err != nil {
			return err
		}
		return measure(ctx, *binary, *folder, strings.Split(*sizes, ","), names)
	}()
	if err != nil {
		fmt.Fprintf(os.Stderr, "scale: %v\n", err)
		stop()
		os.Exit(1)
	}
}

// row is one command as it was measured on each size.
type row struct {
	name string
	took []usage
}

type usage struct {
	wall, cpu time.Duration
	memory    int64 // bytes
}

func measure(ctx context.Context, binary, folder string, sizes []string, only *regexp.Regexp) error {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	if folder == "" {
		if folder, err = os.MkdirTemp("", "notify-scale-"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(folder) }()
	}
	url, end, err := startReceiver(ctx)
	if err != nil {
		return err
	}
	defer end()
	var rows []row
	for _, size := range sizes {
		n, err := strconv.Atoi(size)
		if err != nil {
			return err
		}
		w := &world{binary: binary, dir: filepath.Join(folder, size), url: url, n: n}
		if err := w.prepare(ctx); err != nil {
			return err
		}
		i := 0
		for _, c := range w.commands() {
			if !only.MatchString(c.name) {
				continue
			}
			u, err := w.run(ctx, c)
			if err != nil {
				return fmt.Errorf("%d people: %w", n, err)
			}
			if i == len(rows) {
				rows = append(rows, row{name: c.name})
			}
			rows[i].took = append(rows[i].took, u)
			i++
		}
	}
	show(sizes, rows)
	return nil
}

func show(sizes []string, rows []row) {
	fmt.Printf("%-28s", "")
	for _, s := range sizes {
		fmt.Printf("%10s: seconds     cpu      MB", s)
	}
	fmt.Println()
	for _, r := range rows {
		fmt.Printf("%-28s", r.name)
		for _, u := range r.took {
			fmt.Printf("%19.3f %7.3f %7.1f", u.wall.Seconds(), u.cpu.Seconds(), float64(u.memory)/1e6)
		}
		fmt.Println()
	}
}

// world is a folder with a list of n people, its campaign, and an installation that sends to the receiver.
type world struct {
	binary, dir, url string
	n                int
}

const settings = `environment: test
timezone: Asia/Shanghai
country: CN
ledger: notify.db
allow_list: ["+861349*"]
accounts:
  sms:
    vendor: http
    environment: test
    class: notice
    concurrency: 64
    price: 0.045
    currency: CNY
    endpoint: %s
    options: {definition: "builtin:sandbox-sms", token: t, sign_name: 示例}
routes:
  sms: {accounts: [sms]}
`

const campaign = `name: %s
owner: Operations Wang
class: notice
environment: test
channels:
  sms: {text: award.txt}
`

func (w *world) prepare(ctx context.Context) error {
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"notify.yaml": fmt.Sprintf(settings, w.url), "award.txt": "{{姓名}}，您获得{{奖项}}，请凭短信领取。",
		"award.yaml": fmt.Sprintf(campaign, "award"), "part.yaml": fmt.Sprintf(campaign, "part"),
	} {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	if _, err := os.Stat(w.path("award.xlsx")); err == nil {
		return nil
	}
	// In a process of its own: what this one holds is counted against the processes that it starts.
	self, err := os.Executable()
	if err != nil {
		return err
	}
	made, err := exec.CommandContext(ctx, self, "-make-list", w.path("award.xlsx"), "-sizes", strconv.Itoa(w.n)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("make the list: %w: %s", err, made)
	}
	return nil
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

type command struct {
	name string
	args []string
	ok   int // the exit code it ends with
}

// commands are run one after the other, each on what those before it left.
func (w *world) commands() []command {
	half := fmt.Sprintf("2-%d", w.n/2+1)
	return []command{
		{"preflight", []string{"preflight", "award.xlsx"}, 0},
		{"send", []string{"send", "award.xlsx", "--yes"}, 0},
		{"send again", []string{"send", "award.xlsx", "--yes"}, 0},
		{"resume", []string{"resume", "award"}, 0},
		{"report", []string{"report", "award"}, 0},
		{"report -o csv", []string{"report", "award", "-o", "out.csv"}, 0},
		{"report -o json", []string{"report", "award", "-o", "out.json"}, 0},
		{"report -o xlsx", []string{"report", "award", "-o", "out.xlsx"}, 0},
		{"status", []string{"status", "award"}, 0},
		{"send --rows, half", []string{"send", "award.xlsx", "--campaign", "part.yaml", "--rows", half, "--yes"}, 0},
		{"report of the half", []string{"report", "part"}, 0},
		{"status of the half", []string{"status", "part"}, 0},
		{"ledger check", []string{"ledger", "check"}, 0},
	}
}

// run starts the program and waits for its end.
func (w *world) run(ctx context.Context, c command) (usage, error) {
	cmd := exec.CommandContext(ctx, w.binary, append(c.args, "--quiet")...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+w.path("state"), "NO_COLOR=1")
	began := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(began)
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != c.ok {
		return usage{}, fmt.Errorf("notify %s: %w: %s", strings.Join(c.args, " "), err, out)
	}
	u := usage{wall: took, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.memory = used.Maxrss * unit
	}
	return u, nil
}

// startReceiver starts this program as the receiver.
func startReceiver(ctx context.Context) (url string, end func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-receive")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	var address string
	if _, err := fmt.Fscanln(out, &address); err != nil {
		return "", nil, fmt.Errorf("the receiver: %w", err)
	}
	return "http://" + address, func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }, nil
}

// receiver takes every message at once.
func receiver(ctx context.Context) error {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		rw.Header().Set("Content-Type", "application/json")
		answer := `{"code":"OK","id":"sb-1","segments":1}`
		if r.Method == http.MethodGet {
			answer = `{"code":"OK","balance":"1000000000.00","currency":"CNY","quota":1000000000,"used":0}`
		}
		_, _ = io.WriteString(rw, answer)
	})}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// makeList writes a list of n people as a spreadsheet.
func makeList(path string, n int) error {
	f := excelize.NewFile()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	if err := w.SetRow("A1", []any{"工号", "姓名", "手机号", "奖项"}); err != nil {
		return err
	}
	for i := range n {
		row := []any{fmt.Sprintf("A%07d", i), "王" + strconv.Itoa(i), fmt.Sprintf("1349%07d", 4_000_000+i%5_000_000), "优秀奖"}
		if err := w.SetRow("A"+strconv.Itoa(i+2), row); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return errors.Join(f.SaveAs(path), f.Close())
}
