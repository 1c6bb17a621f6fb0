//! Files that workflows bring, by content, in chunks.

use peerflow_model::ContentHash;

use super::SqlStore;
use super::rows::{Rows, Table};
use super::value::{Statement, Value};
use crate::error::Error;
use crate::runs::FILE_CHUNK_BYTES;

static FILE_CHUNKS: Table = Table {
    name: "file_chunks",
    columns: "hash, chunk, body",
    width: 3,
};

impl SqlStore {
    /// The row of `files` comes last and tells that the content is whole; one that is there is only touched.
    pub(super) async fn write_file(&self, hash: ContentHash, content: &[u8]) -> Result<(), Error> {
        if self.find_file(hash).await? {
            return Ok(());
        }
        let chunks = content.chunks(FILE_CHUNK_BYTES).zip(0_i64..);
        for (chunk, number) in chunks {
            let rows = Rows::of(
                &FILE_CHUNKS,
                [vec![hash.into(), Value::Int(number), chunk.to_vec().into()]],
            );
            self.transact(&self.write, &rows.statements("REPLACE INTO", ""))
                .await?;
        }
        let sql = format!(
            "REPLACE INTO files (hash, touched_at) VALUES (?, {})",
            self.dialect().now()
        );
        self.transact(&self.write, &[Statement::new(sql, [hash.into()])])
            .await
            .map(drop)
    }

    pub(super) async fn read_file_chunk(
        &self,
        hash: ContentHash,
        chunk: u32,
    ) -> Result<Option<Vec<u8>>, Error> {
        let sql = "SELECT c.body FROM files f JOIN file_chunks c ON c.hash = f.hash WHERE f.hash = ? AND c.chunk = ?";
        self.first("file_chunks", sql, &[hash.into(), chunk.into()], |row| {
            row.bytes(0).map(<[u8]>::to_vec)
        })
        .await
    }

    /// Whether the content is there; asking keeps it for another while, so that who is told it is there may rely on it.
    pub(super) async fn find_file(&self, hash: ContentHash) -> Result<bool, Error> {
        let known = self
            .first(
                "files",
                "SELECT 1 FROM files WHERE hash = ?",
                &[hash.into()],
                |row| row.int(0),
            )
            .await?;
        if known.is_none() {
            return Ok(false);
        }
        let sql = format!(
            "UPDATE files SET touched_at = {} WHERE hash = ?",
            self.dialect().now()
        );
        let touched = self
            .transact(&self.write, &[Statement::new(sql, [hash.into()])])
            .await?;
        Ok(touched.first() == Some(&1))
    }
}
