// A client of redeem's routes: so many connections in a closed loop, or an open one at a rate.
//
// client ADDRESS MEMBERS REWARD PREFIX CONNECTIONS SECONDS RATE
//
// MEMBERS is a file of "member token" lines. RATE 0 is the closed loop. In the open loop a request's
// latency counts from the moment it was to be sent, whenever a connection was free for it.
// Prints one JSON object: answers by status, seconds, microseconds of latency, its share of a core.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type caller struct{ member, token string }

type tally struct {
	statuses  map[int]int
	latencies []int64
}

type load struct {
	address, reward, prefix string
	callers                 []caller
	next                    atomic.Int64
	until                   time.Time
	due                     chan time.Time
}

func main() {
	l := &load{address: os.Args[1], callers: read(os.Args[2]), reward: os.Args[3], prefix: os.Args[4]}
	connections, seconds, rate := number(5), number(6), number(7)
	start := time.Now()
	l.until = start.Add(time.Duration(seconds) * time.Second)
	if rate > 0 {
		l.due = make(chan time.Time, rate*seconds)
		go l.pace(start, rate, rate*seconds)
	}
	tallies := make([]tally, connections)
	var all sync.WaitGroup
	for n := range tallies {
		all.Add(1)
		go func(t *tally) { defer all.Done(); l.work(t) }(&tallies[n])
	}
	all.Wait()
	say(tallies, time.Since(start))
}

func (l *load) pace(start time.Time, rate, requests int) {
	defer close(l.due)
	for n := 0; n < requests; n++ {
		at := start.Add(time.Duration(n) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(at))
		l.due <- at
	}
}

func (l *load) work(t *tally) {
	t.statuses = map[int]int{}
	connection, err := net.Dial("tcp", l.address)
	check(err)
	defer connection.Close()
	answers := bufio.NewReader(connection)
	for {
		sent := time.Now()
		if l.due != nil {
			at, more := <-l.due
			if !more {
				return
			}
			sent = at
		} else if sent.After(l.until) {
			return
		}
		_, err := connection.Write(l.request())
		check(err)
		t.statuses[status(answers)]++
		t.latencies = append(t.latencies, time.Since(sent).Microseconds())
	}
}

func (l *load) request() []byte {
	n := l.next.Add(1)
	one := l.callers[int(n)%len(l.callers)]
	body := `{"reward_id":"` + l.reward + `","confirm":true}`
	return []byte("POST /v1/members/" + one.member + "/redemptions HTTP/1.1\r\nHost: " + l.address +
		"\r\nAuthorization: Bearer " + one.token + "\r\nIdempotency-Key: " + l.prefix +
		strconv.FormatInt(n, 10) + "\r\nContent-Type: application/json\r\nContent-Length: " +
		strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}

// status reads one answer, which has a Content-Length.
func status(answers *bufio.Reader) int {
	line, err := answers.ReadString('\n')
	check(err)
	code, err := strconv.Atoi(strings.Fields(line)[1])
	check(err)
	length := 0
	for {
		line, err = answers.ReadString('\n')
		check(err)
		if line == "\r\n" {
			break
		}
		name, value, _ := strings.Cut(line, ":")
		if strings.EqualFold(name, "content-length") {
			length, err = strconv.Atoi(strings.TrimSpace(value))
			check(err)
		}
	}
	_, err = io.CopyN(io.Discard, answers, int64(length))
	check(err)
	return code
}

func say(tallies []tally, took time.Duration) {
	statuses, latencies := map[int]int{}, []int64{}
	for _, t := range tallies {
		for code, count := range t.statuses {
			statuses[code] += count
		}
		latencies = append(latencies, t.latencies...)
	}
	sort.Slice(latencies, func(a, b int) bool { return latencies[a] < latencies[b] })
	var used syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	cpu := time.Duration(used.Utime.Nano() + used.Stime.Nano())
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"statuses":  statuses,
		"seconds":   took.Seconds(),
		"p50_us":    latencies[len(latencies)/2],
		"p99_us":    latencies[len(latencies)*99/100],
		"most_us":   latencies[len(latencies)-1],
		"cpu_share": cpu.Seconds() / took.Seconds(),
	}))
}

func read(path string) []caller {
	text, err := os.ReadFile(path)
	check(err)
	var found []caller
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		member, token, _ := strings.Cut(line, " ")
		found = append(found, caller{member, token})
	}
	return found
}

func number(argument int) int {
	value, err := strconv.Atoi(os.Args[argument])
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
