using System;
using System.Globalization;
using UnityEditor;
using UnityEngine;
using UnityEngine.Playables;

namespace Trustmark
{
    /// <summary>
    /// What a farm calls: <c>Unity -batchmode -projectPath ... -executeMethod Trustmark.LicensedRender.Run</c>, without
    /// <c>-quit</c>. The shot and the licence come from the environment; the editor ends with 0, or with the status and
    /// the line that say why not. The Recorder's own window stays what it is: its frames have no receipt.
    /// </summary>
    public static class LicensedRender
    {
        const string Armed = "trustmark.armed";

        static LicensedRecording recording;

        /// <summary>Enter play mode; the rest follows there, as entering it forgets every static field.</summary>
        public static void Run()
        {
            SessionState.SetBool(Armed, true);
            Listen();
            EditorApplication.EnterPlaymode();
        }

        [InitializeOnLoadMethod]
        static void Listen()
        {
            if (SessionState.GetBool(Armed, false))
            {
                EditorApplication.update -= Update;
                EditorApplication.update += Update;
            }
        }

        static void Update()
        {
            if (!EditorApplication.isPlaying)
            {
                return;
            }
            try
            {
                if (recording == null)
                {
                    recording = new LicensedRecording(
                        ShotOfEnvironment(), UnityEngine.Object.FindObjectOfType<PlayableDirector>());
                }
                if (recording.Step())
                {
                    End(0, null);
                }
            }
            catch (Denied denied)
            {
                End(denied.Status, denied.Message);
            }
            catch (Exception error) // the editor would log it and run on for ever
            {
                End(2, "trustmark: misuse: " + error.Message);
            }
        }

        static void End(int status, string line)
        {
            EditorApplication.update -= Update;
            SessionState.SetBool(Armed, false);
            try
            {
                if (recording != null)
                {
                    recording.Dispose();
                }
            }
            catch (Exception error)
            {
                Debug.LogError("trustmark: " + error.Message);
                status = status == 0 ? 1 : status;
            }
            recording = null;
            if (line != null)
            {
                Debug.LogError(line);
            }
            EditorApplication.Exit(status);
        }

        static Shot ShotOfEnvironment()
        {
            var frames = Must("TRUSTMARK_FRAMES").Split('-');
            int first, last;
            if (frames.Length != 2 || !int.TryParse(frames[0], out first) || !int.TryParse(frames[1], out last)
                || last < first)
            {
                throw new Denied(2, "trustmark: misuse: TRUSTMARK_FRAMES is written 1-240");
            }
            return new Shot
            {
                First = first,
                Last = last,
                Folder = Must("TRUSTMARK_FRAMES_FOLDER"),
                Python = Environment.GetEnvironmentVariable("TRUSTMARK_PYTHON") ?? "python3",
                FramesASecond = float.Parse(
                    Environment.GetEnvironmentVariable("TRUSTMARK_FRAME_RATE") ?? "24", CultureInfo.InvariantCulture),
                Width = Number("TRUSTMARK_WIDTH", 1920),
                Height = Number("TRUSTMARK_HEIGHT", 1080),
            };
        }

        static string Must(string name)
        {
            var value = Environment.GetEnvironmentVariable(name);
            if (string.IsNullOrEmpty(value))
            {
                throw new Denied(2, "trustmark: misuse: " + name + " is not set");
            }
            return value;
        }

        static int Number(string name, int otherwise)
        {
            var value = Environment.GetEnvironmentVariable(name);
            return string.IsNullOrEmpty(value) ? otherwise : int.Parse(value, CultureInfo.InvariantCulture);
        }
    }
}
