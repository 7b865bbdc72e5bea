using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading.Tasks;

namespace Trustmark
{
    /// <summary>Nothing may be rendered, or no longer; the message is the line for the farm's screen.</summary>
    public sealed class Denied : Exception
    {
        /// <summary>What the editor ends with: 3 denied, 1 receipts are missing, 2 misuse.</summary>
        public readonly int Status;

        public Denied(int status, string line) : base(line)
        {
            Status = status;
        }
    }

    /// <summary>Frames that one leave is for, both ends included.</summary>
    public readonly struct Block
    {
        public readonly int First, Last;

        public Block(int first, int last)
        {
            First = first;
            Last = last;
        }

        public int Count
        {
            get { return Last - First + 1; }
        }
    }

    /// <summary>
    /// The gate beside the editor: <c>python -m trustmark_client.lines</c>, which keeps keys, leases, heartbeats and
    /// receipts. Every answer but the expected one is a no, and so is none.
    /// </summary>
    public sealed class Leave : IDisposable
    {
        const int PatienceMilliseconds = 20000;

        readonly Process process;

        public Leave(string python, int first, int last, string engineVersion)
        {
            var start = new ProcessStartInfo(python)
            {
                Arguments = "-m trustmark_client.lines --engine unity --frames " + first + "-" + last
                    + " --engine-version " + engineVersion,
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                CreateNoWindow = true,
            };
            try
            {
                process = Process.Start(start);
            }
            catch (Exception error)
            {
                throw new Denied(2, "trustmark: misuse: the gate does not start: " + error.Message);
            }
            process.StandardInput.NewLine = "\n";
            process.StandardInput.AutoFlush = true;
        }

        /// <summary>Leave for the next block; null when all frames are done and every receipt was acknowledged.</summary>
        public Block? Begin()
        {
            var words = Ask("BEGIN").Split(' ');
            if (words.Length == 1 && words[0] == "DONE")
            {
                return null;
            }
            int first, last;
            if (words.Length == 3 && words[0] == "FRAMES" && int.TryParse(words[1], out first)
                && int.TryParse(words[2], out last) && first <= last)
            {
                return new Block(first, last);
            }
            throw NotUnderstood();
        }

        /// <summary>Whether the leave for the block in hand is over: its recording should be given up.</summary>
        public bool IsOver()
        {
            var answer = Ask("LOOK");
            if (answer == "GO")
            {
                return false;
            }
            if (answer.StartsWith("OVER", StringComparison.Ordinal))
            {
                return true;
            }
            throw NotUnderstood();
        }

        /// <summary>
        /// These files are what was written of the block in hand. The gate moves each into the folder once its receipt
        /// as rendered is on disk, and puts ".discarded" behind the name of what was given up: then this throws Denied.
        /// </summary>
        public void Report(IEnumerable<string> files, string folder)
        {
            foreach (var file in files)
            {
                if (file.IndexOf('\n') >= 0 || Ask("WROTE " + file) != "KEPT")
                {
                    throw NotUnderstood();
                }
            }
            if (folder.IndexOf('\n') >= 0 || Ask("REPORT " + folder) != "REPORTED")
            {
                throw NotUnderstood();
            }
        }

        public void Dispose()
        {
            try
            {
                process.StandardInput.Close();
                if (!process.WaitForExit(PatienceMilliseconds))
                {
                    process.Kill();
                }
            }
            catch (Exception)
            {
                // it has ended already
            }
            process.Dispose();
        }

        string Ask(string line)
        {
            string answer = null;
            try
            {
                process.StandardInput.WriteLine(line);
            }
            catch (System.IO.IOException)
            {
                // it has ended: what it said last is still to be read
            }
            Task<string> reading = process.StandardOutput.ReadLineAsync();
            if (reading.Wait(PatienceMilliseconds))
            {
                answer = reading.Result;
            }
            if (answer == null)
            {
                throw new Denied(3, "trustmark: denied: NO_ANSWER (the gate beside the editor is silent)");
            }
            if (answer.StartsWith("ENDED ", StringComparison.Ordinal))
            {
                var parts = answer.Split(new[] { ' ' }, 3);
                int status;
                throw new Denied(int.TryParse(parts[1], out status) && status != 0 ? status : 2, parts[2]);
            }
            return answer;
        }

        static Denied NotUnderstood()
        {
            return new Denied(2, "trustmark: misuse: the gate beside the editor said something else");
        }
    }
}
