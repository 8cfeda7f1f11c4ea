//! What banks call the columns of their tables.

use centime_domain::Currency;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Date,
    Amount,
    Debit,
    Credit,
    Direction,
    Payee,
    Text,
    Category,
    Currency,
    BankId,
    Account,
    Balance,
    Status,
    Started,
    Fee,
    Tags,
}

/// The names, in small letters, parted by `|`; where a table has several columns of one kind, the name that comes first here wins.
const NAMES: [(Column, &str); 16] = [
    (
        Column::Date,
        "date|booking date|transaction date|posting date|posted date|post date|date posted|\
         trans date|completed date|buchungstag|buchungsdatum|datum|buchung|date operation|\
         date de l operation|date de comptabilisation|date comptable|fecha|fecha operacion|\
         fecha de operación|fecha operación|data|data operazione|data contabile|data operacji|\
         data transakcji|data księgowania|transaktionsdatum|bokföringsdatum|bokföringsdag|\
         bogføringsdato|dato|bokført dato|kirjauspäivä|boekdatum|boekingsdatum|\
         value date|valutadatum|wertstellung|valuta|date valeur|timestamp|created|created on|\
         time|day",
    ),
    (
        Column::Amount,
        "amount|transaction amount|net amount|betrag|umsatz|umsatz in eur|betrag in eur|montant|\
         importe|importo|monto|valor|kwota|kwota operacji|kwota transakcji|belopp|beløb|beløp|\
         bedrag|summe|summa|suma|částka|määrä|value|transaction value|total|sum|\
         amount in account currency|quantity of money",
    ),
    (
        Column::Debit,
        "debit|debits|debit amount|amount debit|withdrawal|withdrawals|withdrawal amount|\
         withdrawal amt|paid out|money out|out|soll|belastung|lastschrift|débit|debito|débito|\
         cargo|cargos|dare|uscite|ausgang|ausgaben|debet|ut|ut fra konto|obciążenia|spent|\
         expense|expenses|af|outflow",
    ),
    (
        Column::Credit,
        "credit|credits|credit amount|amount credit|deposit|deposits|deposit amount|deposit amt|\
         paid in|money in|in|haben|gutschrift|crédit|credito|crédito|abono|abonos|avere|entrate|\
         eingang|einnahmen|kredit|inn|inn på konto|uznania|received|income|bij|inflow",
    ),
    (
        Column::Direction,
        "debit credit|credit debit|dr cr|cr dr|d c|credit debit indicator|cdtdbtind|af bij|\
         soll haben|s h|soll haben kennzeichen|direction|sign|transaction type|type",
    ),
    (
        Column::Payee,
        "payee|merchant|merchant name|counterparty|counterparty name|counter party|beneficiary|\
         beneficiary name|name|empfänger|zahlungsempfänger|zahlungsempfänger in|\
         auftraggeber empfänger|empfänger auftraggeber|begünstigter zahlungspflichtiger|\
         beguenstigter zahlungspflichtiger|name zahlungsbeteiligter|zahlungsbeteiligter|\
         naam omschrijving|naam tegenpartij|naam|partner name|bénéficiaire|beneficiario|\
         kontrahent|nadawca odbiorca|mottagare|to from|from to|vendor|payee name|paid to|\
         target name",
    ),
    (
        Column::Text,
        "description|transaction description|details|transaction details|narrative|narration|\
         memo|reference|payment reference|verwendungszweck|buchungstext|buchungsdetails|vorgang|\
         omschrijving|mededelingen|libellé|libelle|descripción|descripcion|concepto|descrizione|\
         causale|opis|opis operacji|tytuł|text|tekst|note|notes|particulars|transaction|remarks|\
         meddelande|rubrik|selite|viesti|message|comment|comments|extra details",
    ),
    (
        Column::Category,
        "category|kategorie|categorie|catégorie|categoria|categoría|kategoria|kategori|\
         categories",
    ),
    (
        Column::Currency,
        "currency|currency code|ccy|transaction currency|account currency|währung|waehrung|\
         devise|moneda|divisa|waluta|muntsoort|valutakod|mena|munt|moeda",
    ),
    (
        Column::BankId,
        "fitid|transaction id|transactionid|unique id|unique transaction id|transaktions id|\
         transaktionsid|acctsvcrref|account servicer reference|bank transaction id|\
         bank reference",
    ),
    (
        Column::Account,
        "account|account number|account name|account no|auftragskonto|iban auftragskonto|\
         rekening|rekeningnummer|compte|cuenta|konto|own account|account id|account iban",
    ),
    (
        Column::Balance,
        "balance|running balance|saldo|kontostand|solde|saldo nach buchung|balance after|\
         closing balance|saldo po operacji|account balance|saldo contabile|saldo konta",
    ),
    (Column::Status, "status|state"),
    (Column::Started, "started date"),
    (Column::Fee, "fee|fees"),
    (Column::Tags, "tags|tag|labels|label|schlagworte|schlagwörter|étiquettes|etiquetas"),
];

/// A table's columns.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    found: Vec<(Column, usize, usize)>,
    /// What a header says amounts are in: `Betrag (EUR)`.
    pub(crate) currency: Option<Currency>,
}

impl Columns {
    /// The columns of a header; `None` if it has none for dates or for amounts.
    pub(crate) fn of(header: &[String]) -> Option<Self> {
        let mut columns = Self::default();
        for (place, title) in header.iter().enumerate() {
            let (title, currency) = plain(title);
            if let Some((column, rank)) = named(&title) {
                columns.found.push((column, rank, place));
                if matches!(column, Column::Amount | Column::Debit | Column::Credit) {
                    columns.currency = columns.currency.or(currency);
                }
            }
        }
        columns.found.sort_by_key(|(_, rank, place)| (*rank, *place));
        // A net amount is less its fee already.
        let amount = columns.place(Column::Amount).and_then(|place| header.get(place));
        if amount.is_some_and(|title| plain(title).0.starts_with("net")) {
            columns.found.retain(|(column, ..)| *column != Column::Fee);
        }
        let has = |column| columns.place(column).is_some();
        ((has(Column::Date) || has(Column::Started))
            && (has(Column::Amount) || has(Column::Debit) || has(Column::Credit)))
        .then_some(columns)
    }

    /// How many columns were recognised.
    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    /// Where the best column of a kind is.
    pub(crate) fn place(&self, column: Column) -> Option<usize> {
        self.all(column).next()
    }

    /// Where all columns of a kind are, the best first.
    pub(crate) fn all(&self, column: Column) -> impl Iterator<Item = usize> {
        self.found.iter().filter(move |(found, ..)| *found == column).map(|(_, _, place)| *place)
    }
}

fn named(title: &str) -> Option<(Column, usize)> {
    NAMES.iter().find_map(|(column, names)| Some((*column, names.split('|').position(|name| name == title)?)))
}

/// Small letters and single spaces; a currency beside or in brackets is taken off.
fn plain(title: &str) -> (String, Option<Currency>) {
    let lower = title.to_lowercase();
    let mut words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric() && c != '€' && c != '£')
        .filter(|w| !w.is_empty())
        .collect();
    let last = words.last().copied().unwrap_or_default();
    let code = match last {
        "€" => "EUR".to_owned(),
        "£" => "GBP".to_owned(),
        _ => last.to_uppercase(),
    };
    let currency = Currency::read(&code).ok().filter(|_| words.len() > 1);
    if currency.is_some() {
        words.pop();
        if words.last() == Some(&"in") && named(&words.join(" ")).is_none() {
            words.pop();
        }
    }
    (words.join(" "), currency)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &str) -> Option<Columns> {
        Columns::of(&header.split(';').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn common_banks_headers_are_understood() {
        for header in [
            "Date;Description;Amount",
            "Buchungstag;Wertstellung;Buchungstext;Auftraggeber / Begünstigter;Verwendungszweck;Betrag (EUR)",
            "Datum;Naam / Omschrijving;Rekening;Tegenrekening;Code;Af Bij;Bedrag (EUR);Mutatiesoort;Mededelingen",
            "Transaction Date;Post Date;Description;Category;Type;Amount;Memo",
            "Date;Type;Description;Paid out (£);Paid in (£);Balance (£)",
            "Date de comptabilisation;Libellé;Débit;Crédit",
            "Type;Product;Started Date;Completed Date;Description;Amount;Fee;Currency;State;Balance",
            "DATE;WITHDRAWAL AMT;DEPOSIT AMT;NARRATION",
        ] {
            assert!(columns(header).is_some(), "{header}");
        }
        for header in ["", "Date;Text", "Amount;Text", "1;2;3"] {
            assert!(columns(header).is_none(), "{header}");
        }
    }

    #[test]
    fn the_better_name_wins_and_currencies_are_taken_off() {
        let found = columns("Valuta;Buchungstag;Betrag in EUR;Umsatz (CHF)").expect("columns");
        assert_eq!(found.place(Column::Date), Some(1));
        assert_eq!(found.place(Column::Amount), Some(2));
        assert_eq!(found.currency.map(Currency::code), Some("EUR"));
        let (first, rest) =
            (columns("Money In;Date").expect("columns"), columns("In;Date").expect("columns"));
        assert_eq!((first.place(Column::Credit), rest.place(Column::Credit)), (Some(0), Some(0)));
    }
}
