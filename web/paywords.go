package web

import (
	"fmt"
	"strconv"

	"purse"
	"purse/hub"
	"purse/money"
)

// amount writes minor units with the currency.
func (s *Site) amount(minor int64) string {
	return money.Amount{Minor: minor, Currency: s.Currency}.String()
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// leftWords is a time in its two largest units.
func leftWords(seconds int64) string {
	count := func(n int64, one string) string {
		if n == 1 {
			return "1 " + one
		}
		return fmt.Sprintf("%d %ss", n, one)
	}
	const minute, hour, day = 60, 60 * 60, 24 * 60 * 60
	switch {
	case seconds < minute:
		return count(seconds, "second")
	case seconds < hour:
		return count(seconds/minute, "minute") + " and " + count(seconds%minute, "second")
	case seconds < day:
		return count(seconds/hour, "hour") + " and " + count(seconds%hour/minute, "minute")
	}
	return count(seconds/day, "day") + " and " + count(seconds%day/hour, "hour")
}

// answer is what a page says of a question that was answered or has ended.
type answer struct {
	title, sentence string
	good            bool
}

func answeredWords(q hub.Question) answer {
	agreed := q.Handle.Type == purse.HandleForVerification
	switch q.Handle.Status {
	case purse.HandlePayable:
		if agreed {
			return answer{"Agreed", "The merchant may take payments from the wallet that this was agreed with. No money has moved.", true}
		}
		return answer{"Authorised", "The money is set aside. The merchant takes it, or it comes back by " + clock(q.Handle.Deadline()) + ".", true}
	case purse.HandleCompleted:
		if agreed {
			return answer{"Agreed already", "The merchant knows about it. There is nothing more to do here.", true}
		}
		return answer{"Paid already", "The merchant has been told. There is nothing more to do here, and nothing is paid twice.", true}
	case purse.HandleFailed:
		return failedWords(q.Handle.Fault)
	}
	return answer{"Too late", "This was open for 15 minutes. Nothing was paid, and nothing is set aside any more. Start again with the merchant.", false}
}

// failedWords says why a payment has failed.
func failedWords(why purse.Code) answer {
	a := answer{title: "Not paid"}
	switch why {
	case purse.CodeRefused:
		return answer{"Refused", "It was refused here. Nothing was paid.", false}
	case purse.CodeFunds:
		a.sentence = "There was too little money in the wallet. Nothing was paid."
	case purse.CodeFrozen:
		a.sentence = "The wallet is frozen or closed, so that it cannot pay. Nothing was paid."
	case purse.CodeLimit:
		a.sentence = "It was more than the wallet may pay out at once, or in a week. Nothing was paid."
	case purse.CodeFloor:
		a.sentence = "The amount is more than is taken for this merchant. Nothing was paid."
	default:
		a.sentence = "It was declined. Nothing was paid."
	}
	return a
}

// clock is a time of the day.
func clock(at purse.Time) string { return at.UTC().Format("15:04:05 UTC") }
