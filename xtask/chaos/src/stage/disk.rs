//! A small disk of memory that can be filled up.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Room for the ledger of a long run, and filled in a moment; in MiB.
const SIZE_MIB: usize = 512;
/// The file that takes up what is left.
const FILLER: &str = "filler";

/// The disk; it goes when dropped, with what is on it.
pub(super) struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts it over an empty folder; `None` where that is not ours to do (only root may).
    pub(super) fn mount(folder: &Path) -> Option<SmallDisk> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={SIZE_MIB}m"), "tmpfs"]).arg(folder);
        let mounted = mount.stdout(Stdio::null()).stderr(Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then(|| SmallDisk { folder: folder.to_owned() })
    }

    /// Fills it to the last byte, or gives the room back.
    pub(super) fn fill(&self, full: bool) -> io::Result<()> {
        let filler = self.folder.join(FILLER);
        if !full {
            return fs::remove_file(filler);
        }
        let mut file = fs::File::create(filler)?;
        let piece = vec![0; 1024 * 1024];
        for _ in 0..=SIZE_MIB {
            if let Err(error) = file.write_all(&piece) {
                return if error.kind() == io::ErrorKind::StorageFull { Ok(()) } else { Err(error) };
            }
        }
        Err(io::Error::other(format!("a disk of {SIZE_MIB} MiB took more than that")))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A mount that stays is seen by whoever looks at the folder; nobody is left to tell.
        let _ = Command::new("umount").arg("-l").arg(&self.folder).stderr(Stdio::null()).status();
    }
}
