//! Whether what is written into a table can be undone, by the engines of what is behind it.

use mysql_async::prelude::Queryable;
use peerflow_rows::Error;

use crate::error::talking;
use crate::names::TableName;
use crate::session::MySqlSession;

/// Tables and views behind one view that are looked at; who has more is taken for one without transactions.
const MOST: usize = 100;

/// What the server tells of a table or view.
struct Told {
    schema: String,
    /// Whether its engine has transactions; views have no engine.
    transactions: Option<bool>,
    is_view: bool,
}

impl MySqlSession {
    /// A view has transactions when it surely is of such tables only: those that its user cannot see count against it.
    pub(crate) async fn has_transactions(&mut self, table: &str) -> Result<bool, Error> {
        let TableName { schema, table } = TableName::parse(table)?;
        let Some(told) = self.told(schema.as_deref(), &table).await? else {
            return Ok(true);
        };
        if !told.is_view {
            return Ok(told.transactions.unwrap_or(true));
        }
        let mut names = vec![(told.schema, table)];
        let mut views = vec![0];
        let mut tables = 0;
        while let Some(view) = views.pop() {
            let (schema, view) = names[view].clone();
            let Some(definition) = self.view_definition(&schema, &view).await? else {
                return Ok(false);
            };
            for name in qualified(&definition) {
                if names.contains(&name) {
                    continue;
                }
                if names.len() == MOST {
                    return Ok(false);
                }
                let told = self.told(Some(&name.0), &name.1).await?;
                match told {
                    Some(told) if told.is_view => views.push(names.len()),
                    Some(told) if told.transactions == Some(false) => return Ok(false),
                    Some(_) => tables += 1,
                    // A table and its column, or a table that nobody shows.
                    None => {}
                }
                names.push(name);
            }
        }
        Ok(tables > 0)
    }

    async fn told(&mut self, schema: Option<&str>, table: &str) -> Result<Option<Told>, Error> {
        let row: Option<(String, Option<String>, String)> = self
            .conn()?
            .exec_first(
                "SELECT t.TABLE_SCHEMA, e.TRANSACTIONS, t.TABLE_TYPE FROM information_schema.TABLES t \
                 LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE \
                 WHERE t.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND t.TABLE_NAME = ?",
                (schema, table),
            )
            .await
            .map_err(|error| talking(&error))?;
        Ok(row.map(|(schema, transactions, kind)| Told {
            schema,
            transactions: transactions.map(|transactions| transactions == "YES"),
            is_view: kind.ends_with("VIEW"),
        }))
    }

    /// The query of a view, if the user may see it.
    async fn view_definition(&mut self, schema: &str, view: &str) -> Result<Option<String>, Error> {
        let definition: Option<Option<String>> = self
            .conn()?
            .exec_first(
                "SELECT VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
                (schema, view),
            )
            .await
            .map_err(|error| talking(&error))?;
        Ok(definition.flatten().filter(|text| !text.is_empty()))
    }
}

/// All `` `a`.`b` `` of a query as the server writes it: its tables with their schemas, and more.
fn qualified(query: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut before: Option<String> = None;
    let mut rest = query;
    while let Some(at) = rest.find(['`', '\'']) {
        // Only what is joined by a point to the name before it belongs to that.
        let follows = at == 1 && rest.starts_with('.');
        let inner = &rest[at + 1..];
        if rest[at..].starts_with('\'') {
            before = None;
            rest = behind_text(inner);
            continue;
        }
        let Some((name, after)) = name(inner) else {
            break;
        };
        if let Some(schema) = before.replace(name.clone()).filter(|_| follows) {
            found.push((schema, name));
        }
        rest = after;
    }
    found
}

/// What follows a text whose opening quote is gone. One that is doubled begins another text, which does as well.
fn behind_text(text: &str) -> &str {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let closes = byte == b'\'' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    end.map_or("", |end| &text[end + 1..])
}

/// A name behind its opening backtick, and what follows the closing one.
fn name(text: &str) -> Option<(String, &str)> {
    let mut end = 0;
    loop {
        end += text[end..].find('`')?;
        if !text[end + 1..].starts_with('`') {
            return Some((text[..end].replace("``", "`"), &text[end + 1..]));
        }
        end += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_a_views_query_are_found() {
        let query = "select `d w`.`a``b`.`n` AS `n`,_utf8mb4'it''s \\'`o' AS `x` from (`d w`.`a``b` join `o`.`订单`)";
        let found = qualified(query);
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(schema, table)| (schema.as_str(), table.as_str()))
            .collect();
        assert_eq!(
            found,
            [("d w", "a`b"), ("a`b", "n"), ("d w", "a`b"), ("o", "订单")]
        );
    }
}
