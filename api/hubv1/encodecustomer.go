package hubv1

import (
	"net/http"

	"purse"
	"purse/hub"
)

// encodeCustomer makes the answer to a customer that was made or changed. It runs
// inside the command.
func (d *Door) encodeCustomer(status int) func(hub.CustomerReceipt) purse.Answer {
	return func(c hub.CustomerReceipt) purse.Answer {
		b := appendCustomer(make([]byte, 0, answerBytes), c)
		if c.Saved != nil {
			b = append(d.appendSaved(append(b, `,"paymentHandles":[`...), c.Customer.ID, *c.Saved), ']')
		}
		return purse.Answer{Status: status, Body: string(append(b, '}'))}
	}
}

// gone is the answer to a deletion. It has no status: clients read the status of a
// customer as one of two words, neither of which is true any more.
func gone(id int64) purse.Answer {
	return purse.Answer{Status: http.StatusOK, Body: string(append(appendID([]byte(`{"id":`), id), '}'))}
}

// appendCustomer writes a customer, without the brace that closes it.
func appendCustomer(b []byte, r hub.CustomerReceipt) []byte {
	c := r.Details
	b = appendID(append(b, `{"id":`...), int64(r.Customer.ID))
	b = purse.AppendQuoted(append(b, `,"status":"ACTIVE","merchantCustomerId":`...), r.Customer.Ref)
	b = appendText(b, `,"locale":`, c.Locale)
	b = appendText(b, `,"firstName":`, c.FirstName)
	b = appendText(b, `,"middleName":`, c.MiddleName)
	b = appendText(b, `,"lastName":`, c.LastName)
	b = appendText(b, `,"gender":`, c.Gender)
	if c.Birth != (hub.Date{}) {
		b = appendInt(append(b, `,"dateOfBirth":{"day":`...), int64(c.Birth.Day))
		b = appendInt(append(b, `,"month":`...), int64(c.Birth.Month))
		b = append(appendInt(append(b, `,"year":`...), int64(c.Birth.Year)), '}')
	}
	b = appendText(b, `,"email":`, c.Email)
	b = appendText(b, `,"phone":`, c.Phone)
	b = appendText(b, `,"cellPhone":`, c.CellPhone)
	b = appendText(b, `,"nationality":`, c.Nationality)
	b = appendText(b, `,"ip":`, c.IP)
	b = appendText(b, `,"accountId":`, c.AccountID)
	return purse.AppendQuoted(append(b, `,"paymentToken":`...), r.Customer.Token)
}

// appendAddresses writes addresses, one after the other.
func appendAddresses(b []byte, addresses []hub.Address) []byte {
	for i, a := range addresses {
		b = appendID(append(comma(b, i), `{"id":`...), a.ID)
		b = append(b, `,"status":"ACTIVE"`...)
		b = appendText(b, `,"nickName":`, a.NickName)
		b = appendText(b, `,"street":`, a.Street)
		b = appendText(b, `,"street2":`, a.Street2)
		b = appendText(b, `,"city":`, a.City)
		b = appendText(b, `,"state":`, a.State)
		b = appendText(b, `,"zip":`, a.Zip)
		b = appendText(b, `,"country":`, a.Country)
		b = appendText(b, `,"recipientName":`, a.Recipient)
		b = appendText(b, `,"phone":`, a.Phone)
		b = append(appendBool(append(b, `,"defaultShippingAddressIndicator":`...), a.Default), '}')
	}
	return b
}

// appendSaved writes handles that were saved with a customer, one after the other.
func (d *Door) appendSaved(b []byte, customer purse.CustomerID, saved ...hub.HandleReceipt) []byte {
	for i, r := range saved {
		h, details := r.Handle, hub.ReadDetails(r.Handle.Details)
		b = appendID(append(comma(b, i), `{"id":`...), int64(h.ID))
		b = appendID(append(b, `,"customerId":`...), int64(customer))
		b = purse.AppendQuoted(append(b, `,"paymentHandleToken":`...), h.Token)
		b = appendText(b, `,"merchantRefNum":`, details.Ref)
		b = purse.AppendQuoted(append(b, `,"paymentType":"VENMO","status":`...), string(h.Status))
		b = append(b, `,"action":"NONE","usage":"MULTI_USE","executionMode":"SYNCHRONOUS"`...)
		b = d.appendMode(b, h)
		b = appendTimes(b, h.Created(), h.Changed)
		b = append(appendVenmo(b, h, details), '}')
	}
	return b
}

// appendToken writes a customer's token, with what it shows.
func (d *Door) appendToken(b []byte, r hub.CustomerTokenReceipt) []byte {
	id := r.Customer.ID
	b = appendTokenID(append(b, `{"id":`...), int64(id), r.Token.Number)
	b = appendID(append(b, `,"customerId":`...), int64(id))
	b = appendInt(append(b, `,"timeToLiveSeconds":`...), r.Token.TimeLeft(r.Now))
	b = purse.AppendQuoted(append(b, `,"status":"ACTIVE","singleUseCustomerToken":`...), r.Token.Token)
	b = appendText(b, `,"locale":`, r.Details.Locale)
	b = append(d.appendSaved(append(b, `,"paymentHandles":[`...), id, r.Handles...), ']')
	return append(appendAddresses(append(b, `,"addresses":[`...), r.Addresses), `]}`...)
}
